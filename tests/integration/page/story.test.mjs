// Alice and Bob, each in a browser of their own, and everything that the page is for.
import assert from "node:assert/strict";
import { after, before, test as nodeTest } from "node:test";
import { PNG } from "pngjs";
import { choose, goTo, gone, House, phone, reads, until } from "./house.mjs";

const minute = 60_000;
const house = new House();
let alice;
let bob;
let bobs; // Bob's browser; its clock is a fake one

before(async () => {
    await house.start();
    alice = await house.open(await house.context());
    bobs = await house.context({ colorScheme: "light" });
    await bobs.clock.install({ time: Date.now() });
    bob = await house.open(bobs);
});
after(() => house.end());

// One part builds on those before: after a failure the rest would only wait in vain.
let failed;
function test(name, part) {
    nodeTest(name, async () => {
        assert.ok(!failed, `"${failed}" failed before`);
        failed = name;
        await part();
        failed = undefined;
    });
}

async function register(page, name) {
    await page.getByRole("button", { name: "Make an account" }).click();
    await page.getByLabel("User name").fill(name);
    await page.getByLabel("Password").fill(`${name}-secret`);
    await page.getByRole("button", { name: "Register" }).click();
    await page.getByRole("navigation", { name: "Views" }).waitFor();
}

async function setText(page, text, how) {
    await page.getByRole("button", { name: /^Change your status text/ }).click();
    await page.getByRole("textbox", { name: "Your status text" }).fill(text);
    if (how) await page.getByLabel("How long it stands").selectOption({ label: how });
    await page.keyboard.press("Tab");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: `Change your status text: ${text}` }).waitFor();
}

// What Bob's tabs tell the server from now on, by PUT. (Alice need not see each of them: changes are merged.)
function toldByBob() {
    const told = [];
    const note = (request) => {
        if (request.method() === "PUT" && request.url().endsWith("/status")) {
            told.push(request.postDataJSON().presence);
        }
    };
    bobs.on("request", note);
    return { told, end: () => bobs.off("request", note) };
}

test("both make an account", async () => {
    await house.accessible(alice, "the log-in screen");
    await alice.getByLabel("User name").fill("alice");
    await alice.getByLabel("Password").fill("wrong");
    await Promise.all([register(alice, "alice"), register(bob, "bob")]);
    await house.accessible(alice, "an empty porch");
});

test("Alice asks to see Bob; he sees it at once, accepts, and she sees his light", async () => {
    await goTo(alice, "Lists");
    await alice.getByRole("searchbox", { name: "Ask somebody" }).or(alice.getByLabel("Ask somebody").locator("input"))
        .first().fill("@bob:porch.test");
    await alice.getByRole("button", { name: "Ask bob" }).click();
    await reads(alice, /^asked, not answered/);
    await bob.getByRole("link", { name: /Lists 1 request/ }).waitFor();
    await until(async () => assert.match(await bob.title(), /^\(1\) Home/));
    await reads(bob, /^alice asks to see your light\.$/);
    await goTo(bob, "Lists");
    await house.accessible(bob, "a request");
    await bob.getByRole("button", { name: "Accept alice" }).click();
    await goTo(alice, "People");
    await reads(alice, /^bob, home, active now, on your list$/);
    await reads(alice, /^1 light is on, of 1 door$/);
    await goTo(bob, "People");
});

test("Bob changes his light, and Alice sees each", async () => {
    for (const [light, read] of [
        ["Free for chat", /^bob, free for chat,/], ["Busy", /^bob, busy,/], ["Away", /^bob, away,/],
        ["Not home", /^bob, not home,/], ["Home", /^bob, home,/],
    ]) {
        await choose(bob, light);
        await reads(alice, read);
        await until(async () => assert.ok((await bob.title()).startsWith(light)));
    }
});

test("a text is seen, and gone when it is cleared", async () => {
    await setText(bob, "on the porch");
    await reads(alice, /^bob, home, on the porch, active/);
    await bob.getByRole("button", { name: "Clear your status text" }).click();
    await reads(alice, /^bob, home, active/);
    await gone(alice, "on the porch");
    await gone(bob, "on the porch");
});

test("a text goes by itself at its time", async () => {
    // By Bob's clock it is half an hour ago, nearly: his half hour ends in some seconds.
    await bobs.clock.setSystemTime(Date.now() - 30 * minute + 4000);
    await setText(bob, "back in a moment", "for 30 minutes");
    await reads(alice, /^bob, home, back in a moment/);
    await reads(alice, /^bob, home, active/);
    await gone(alice, "back in a moment");
    await gone(bob, "back in a moment");
    await bobs.clock.setSystemTime(Date.now());
});

test("name and picture are seen", async () => {
    await bob.getByRole("button", { name: "Change your name" }).click();
    await bob.getByRole("textbox", { name: "your name" }).fill("Bob <b>Sawyer</b>");
    await bob.keyboard.press("Enter");
    await reads(alice, /^Bob <b>Sawyer<\/b>, home/);
    await bob.getByRole("button", { name: "Change your name" }).click();
    await bob.getByRole("textbox", { name: "your name" }).fill("Bob Sawyer");
    await bob.keyboard.press("Enter");
    const picture = new PNG({ width: 64, height: 64 });
    picture.data.fill(200);
    await bob.getByLabel("Change your picture").setInputFiles({
        name: "door.png", mimeType: "image/png", buffer: PNG.sync.write(picture),
    });
    const row = alice.getByRole("listitem").filter({ hasText: "Bob Sawyer" });
    await row.locator("img").waitFor();
    await until(async () => assert.ok(await row.locator("img").evaluate((img) => img.naturalWidth > 0)));
});

test("three minutes without input: Alice sees Bob away; one touch, and he is home", async () => {
    await bob.mouse.move(200, 200);
    const { told, end } = toldByBob();
    await bobs.clock.fastForward(2 * minute);
    await choose(bob, "Home");
    await bobs.clock.fastForward(2 * minute);
    await setText(bob, "still here"); // a touch as well
    await reads(alice, /^Bob Sawyer, home, still here/);
    end();
    assert.deepEqual(told, ["online", "online"]);
    await bobs.clock.fastForward(3 * minute + 1000);
    await reads(alice, /^Bob Sawyer, away, still here/);
    await reads(bob, /^Nobody touched this page for a while/);
    await bob.mouse.move(210, 210);
    await reads(alice, /^Bob Sawyer, home, still here/);
});

test("a computer that slept for an hour says in its first poll that nobody is there", async () => {
    await setTextOverApi("tired");
    await bob.getByText("tired").waitFor(); // the next poll is on its way, and parked
    const polls = [];
    const note = (request) => {
        const url = new URL(request.url());
        if (url.pathname.endsWith("/sync")) polls.push(url.searchParams.get("set_presence"));
    };
    bob.on("request", note);
    // The clock on the wall jumps, and no timer fires: what the page sees first is a poll's answer.
    await bobs.clock.setSystemTime(Date.now() + 60 * minute);
    await setTextOverApi("slept");
    await reads(alice, /^Bob Sawyer, away, slept/);
    // What Alice saw may be the PUT before the poll.
    await until(async () => assert.ok(polls.length > 0));
    bob.off("request", note);
    assert.deepEqual(polls.filter((state) => state !== "unavailable"), []);
    await bobs.clock.setSystemTime(Date.now());
    await reads(alice, /^Bob Sawyer, away/);
    await bob.keyboard.press("Shift");
    await reads(alice, /^Bob Sawyer, home/);
});

// As another device of Bob's would.
async function setTextOverApi(text) {
    const login = JSON.parse(await bob.evaluate(() => localStorage.getItem("porchlight.login")));
    const answer = await house.server.request("PUT", "/_matrix/client/v3/presence/@bob:porch.test/status", {
        token: login.accessToken, body: { presence: "online", status_msg: text },
    });
    assert.equal(answer.status, 200);
}

test("two tabs of Bob's are one: what is touched in one holds in both", async () => {
    const other = await house.open(bobs);
    const own = (page) => page.getByRole("status").filter({ hasText: "Your light:" });
    await own(other).filter({ hasText: "Home" }).waitFor();
    const { told, end } = toldByBob();
    await bobs.clock.fastForward(2 * minute);
    await other.mouse.move(300, 300);
    await bobs.clock.fastForward(2 * minute);
    await setText(other, "two tabs");
    await reads(alice, /^Bob Sawyer, home, two tabs/);
    assert.deepEqual(told, ["online"]);
    await bobs.clock.fastForward(4 * minute);
    await reads(alice, /^Bob Sawyer, away/);
    await other.mouse.move(310, 310);
    await reads(alice, /^Bob Sawyer, home/);
    for (const page of [bob, other]) await own(page).filter({ hasText: "Home" }).waitFor();
    // One absence: both may have told of it, and one of its end.
    assert.match(told.join(), /^online(,unavailable){1,2},online$/);
    end();
    await choose(other, "Busy");
    await own(bob).filter({ hasText: "Busy" }).waitFor();
    await bob.getByRole("button", { name: "Busy", exact: true, pressed: true }).waitFor();
    await choose(bob, "Home");
    await own(other).filter({ hasText: "Home" }).waitFor();
    await other.close();
    await reads(alice, /^Bob Sawyer, home/);
});

test("hidden, Bob looks not home and sees that he is hidden", async () => {
    await choose(bob, "Hidden");
    await reads(alice, /^Bob Sawyer, not home/);
    await reads(bob, /^Everybody sees you as not home/);
    await choose(bob, "Home");
    await reads(alice, /^Bob Sawyer, home/);
});

test("a lost server is said, no light is pretended, and all is fresh when it is back", async () => {
    // What a kill may take is of the last second only.
    await house.server.metric("porchlight_presence_unsaved", (users) => users === 0);
    house.down = true;
    await house.server.kill();
    await alice.getByText("Not connected").waitFor();
    await reads(alice, /^Bob Sawyer, unknown/);
    await house.accessible(alice, "a lost connection");
    assert.equal(await alice.getByText(/^Bob Sawyer, (home|away|busy)/).count(), 0);
    await until(async () => assert.match(await alice.title(), /^Not connected/));
    await house.server.start();
    await alice.getByText("Not connected").waitFor({ state: "detached" });
    await reads(alice, /^Bob Sawyer, home/);
    await bob.getByText("Not connected").waitFor({ state: "detached" });
    house.down = false;
    await choose(bob, "Busy");
    await reads(alice, /^Bob Sawyer, busy/);
    await choose(bob, "Home");
});

test("Bob stops showing his light, and it is gone at once", async () => {
    await goTo(bob, "Lists");
    await house.accessible(bob, "the lists");
    await bob.getByRole("button", { name: "Stop showing alice" }).click();
    await gone(alice, /^Bob Sawyer, home/);
    await reads(alice, /asked, not answered/);
    await reads(bob, /^Nobody whom you accepted\.$/);
});

test("rooms: made, invited to, joined, and what is said is seen", async () => {
    await goTo(alice, "Rooms");
    await alice.getByRole("button", { name: "Make a room" }).click();
    await alice.getByRole("dialog").getByLabel("Name").fill("The porch");
    await house.accessible(alice, "making a room");
    await alice.getByRole("dialog").getByRole("button", { name: "Make the room" }).click();
    await alice.getByRole("heading", { name: "The porch" }).waitFor();
    await alice.getByRole("button", { name: "Members" }).click();
    await alice.getByLabel("Invite somebody").fill("bob");
    await alice.getByRole("button", { name: "Invite", exact: true }).click();
    await goTo(bob, "Rooms");
    await bob.getByRole("button", { name: "Accept the invitation to The porch" }).click();
    await bob.getByRole("heading", { name: "The porch" }).waitFor();
    const say = async (page, text) => {
        await page.getByRole("textbox", { name: "Message to The porch" }).fill(text);
        await page.keyboard.press("Enter");
    };
    await say(bob, "Good evening");
    await alice.getByRole("log").getByText("Good evening").waitFor();
    await say(alice, "Come in, the door is open");
    await bob.getByRole("log").getByText("Come in, the door is open").waitFor();
    await alice.getByRole("list", { name: "Members" }).getByText("Bob Sawyer").waitFor();
    await alice.getByRole("list", { name: "Members" }).getByText("Home").first().waitFor();
    await house.accessible(alice, "a conversation");
    await house.accessible(bob, "a conversation");
    await goTo(alice, "People");
    await reads(alice, /^Bob Sawyer, home/);
});

test("what was said while one was elsewhere is counted, and read when one looks", async () => {
    await bob.getByRole("textbox", { name: "Message to The porch" }).fill("Anybody?");
    await bob.keyboard.press("Enter");
    await goTo(alice, "Rooms");
    const room = alice.getByRole("button", { name: /^The porch/ });
    await room.filter({ hasText: "1 unread" }).waitFor();
    await room.filter({ hasText: "Bob Sawyer: Anybody?" }).waitFor();
    await room.click();
    await alice.getByRole("log").getByText("Anybody?").waitFor();
    await room.filter({ hasNotText: "unread" }).waitFor();
    await goTo(alice, "People");
});

test("on a phone: the list, a conversation, and back", async () => {
    await bob.setViewportSize(phone);
    await bob.getByRole("button", { name: "Rooms", exact: true }).click();
    await bob.getByRole("button", { name: "Make a room" }).waitFor();
    await house.accessible(bob, "rooms on a phone");
    await bob.getByRole("button", { name: /^The porch/ }).click();
    await bob.getByRole("log").getByText("Good evening").waitFor();
    await goTo(bob, "People");
    await reads(bob, /^alice, home/);
    await house.accessible(bob, "people on a phone");
});

test("blocked, Alice sees Bob as if he had gone; unblocked, she sees him again", async () => {
    await bob.getByRole("button", { name: "About alice" }).click();
    await house.accessible(bob, "all about one person");
    await bob.getByRole("dialog").getByRole("button", { name: "Block" }).click();
    await reads(alice, /^Bob Sawyer, not home/);
    await bob.getByRole("dialog").getByRole("button", { name: "Unblock" }).click();
    await reads(alice, /^Bob Sawyer, home/);
    await bob.getByRole("dialog").getByRole("button", { name: "Close" }).click();
});

test("logged out, Bob's light is out at once, in all of his tabs", async () => {
    const other = await house.open(bobs);
    await other.getByRole("navigation", { name: "Views" }).waitFor();
    await goTo(bob, "Settings");
    await house.accessible(bob, "the settings");
    await bob.getByRole("button", { name: "Log out" }).click();
    await bob.getByRole("button", { name: "Log in" }).waitFor();
    await other.getByRole("button", { name: "Log in" }).waitFor();
    await reads(alice, /^Bob Sawyer, not home/);
});

test("with the keyboard alone: log in, change one's light, accept a request; closed, the light goes out", async () => {
    const carol = await house.server.register("carol");
    const dave = await house.server.register("dave");
    await house.server.request("POST", `/_matrix/client/v3/presence/list/${dave.id}`, {
        token: dave.token, body: { invite: [carol.id] },
    });
    const page = await house.open(await house.context());
    const tabTo = async (target) => {
        for (let i = 0; i < 80; i++) {
            if (await target.count() && await target.first().evaluate((e) => e === document.activeElement)) return;
            await page.keyboard.press("Tab");
        }
        assert.fail(`the Tab key does not lead to ${target}`);
    };
    await tabTo(page.getByLabel("User name"));
    await page.keyboard.type("carol");
    await tabTo(page.getByLabel("Password"));
    await page.keyboard.type("carol-secret");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: /Lists 1 request/ }).waitFor();
    await tabTo(page.getByRole("button", { name: "Free for chat", exact: true }));
    await page.keyboard.press("Enter");
    await page.getByRole("status").filter({ hasText: "Free for chat" }).waitFor();
    await page.reload();
    await tabTo(page.getByRole("link", { name: /Lists/ }));
    await page.keyboard.press("Enter");
    await tabTo(page.getByRole("button", { name: "Accept dave" }));
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Stop showing dave" }).waitFor();
    await until(async () => {
        const seen = await house.server.status(dave, carol);
        assert.equal(seen.body.presence, "free_for_chat");
    });
    await page.context().close();
    // The page is closed, and with it its stream: no PUT, the grace alone.
    await until(async () => {
        const seen = await house.server.status(dave, carol);
        assert.equal(seen.body.presence, "offline");
    }, 45_000);
});

test("the browser complained of nothing", () => {
    assert.deepEqual(house.complaints, []);
});
