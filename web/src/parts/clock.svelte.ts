// The time as components see it: moves every few seconds, enough for "3 min ago".
const beatMs = 5000;

class Clock {
    now = $state(Date.now());

    constructor() {
        setInterval(() => (this.now = Date.now()), beatMs);
        document.addEventListener("visibilitychange", () => (this.now = Date.now()));
    }
}

export const clock = new Clock();
