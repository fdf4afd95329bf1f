import type { Login } from "./account";
import { Session } from "./session.svelte";

const key = "porchlight.login";

function stored(): Login | undefined {
    try {
        const o = JSON.parse(localStorage.getItem(key) ?? "null") as Partial<Login> | null;
        return o?.userId && o.deviceId && o.accessToken ? (o as Login) : undefined;
    } catch {
        return undefined;
    }
}

// The login of this browser: kept for all of its tabs, ended in all of them.
export class LoginState {
    session: Session | undefined = $state.raw();
    starting = $state(false);
    // Why one is at the log-in form, when there is a reason.
    said = $state("");

    constructor() {
        window.addEventListener("storage", (event) => {
            if (event.key === key || event.key === null) {
                this.follow();
            }
        });
        const login = stored();
        if (login) {
            void this.begin(login);
        }
    }

    async accept(login: Login): Promise<void> {
        localStorage.setItem(key, JSON.stringify(login));
        await this.begin(login);
    }

    // Ends the device at the server. Without a connection it ends here only, and that is said.
    async logOut(): Promise<void> {
        const session = this.session;
        this.end("");
        try {
            await session?.client.logout(true);
        } catch {
            this.said =
                "Logged out here. The server could not be told; it may show you a little longer.";
        }
    }

    private async begin(login: Login): Promise<void> {
        this.said = "";
        this.starting = true;
        try {
            this.session = await Session.start(login, (sentence) => this.end(sentence));
        } catch {
            this.said = "The page could not be loaded in full. Please reload it.";
        } finally {
            this.starting = false;
        }
    }

    private end(sentence: string): void {
        localStorage.removeItem(key);
        this.session?.end();
        this.session = undefined;
        this.said = sentence;
    }

    // Another tab logged in or out.
    private follow(): void {
        const login = stored();
        if (!login && this.session) {
            this.session.stop();
            this.session = undefined;
            this.said = "Logged out in another tab.";
        } else if (login && login.accessToken !== this.session?.client.getAccessToken()) {
            this.session?.stop();
            this.session = undefined;
            void this.begin(login);
        }
    }
}
