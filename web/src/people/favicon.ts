import { lightWord, type Light } from "../parts/words";

// The tab's title and picture: one's own light, and whether somebody waits for an answer.
const glass: Record<Light, string> = {
    online: "#f5a623",
    free_for_chat: "#ffd24d",
    busy: "#e0532a",
    unavailable: "#8a7348",
    offline: "#3b4258",
    hidden: "#3b4258",
    unknown: "#7c8296",
};

// One address for each picture there is; an address that is taken back may still be loading.
const urls = new Map<string, string>();

export function showLight(light: Light, requests: number): void {
    const word = light === "unknown" ? "Not connected" : lightWord(light);
    document.title = `${requests > 0 ? `(${requests}) ` : ""}${word} · Porchlight`;
    const lit = light === "online" || light === "free_for_chat";
    const picture =
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">` +
        (lit ? `<circle cx="16" cy="17" r="15" fill="${glass[light]}" opacity=".3"/>` : "") +
        `<path d="M16 2v4" stroke="#8a6a2f" stroke-width="2.5" stroke-linecap="round"/>` +
        `<path d="M9 9l3-4h8l3 4zM10 25h12l1 5H9z" fill="#8a6a2f"/>` +
        `<path d="M9 10h14l-2 14H11z" fill="${glass[light]}" stroke="#8a6a2f"/>` +
        (light === "busy" ? `<path d="M12 17h8" stroke="#fff" stroke-width="3"/>` : "") +
        (requests > 0
            ? `<circle cx="25" cy="7" r="6.5" fill="#c4280f" stroke="#fff" stroke-width="1.5"/>`
            : "") +
        `</svg>`;
    let url = urls.get(picture);
    if (!url) {
        url = URL.createObjectURL(new Blob([picture], { type: "image/svg+xml" }));
        urls.set(picture, url);
    }
    document.querySelector<HTMLLinkElement>("link[rel=icon]")?.setAttribute("href", url);
}
