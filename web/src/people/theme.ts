// Light, dark, or as the system says; kept in this browser.
export type Theme = "system" | "light" | "dark";

const key = "porchlight.theme";

export function theme(): Theme {
    const stored = localStorage.getItem(key);
    return stored === "light" || stored === "dark" ? stored : "system";
}

export function applyTheme(): void {
    const wanted = theme();
    if (wanted === "system") {
        delete document.documentElement.dataset["theme"];
    } else {
        document.documentElement.dataset["theme"] = wanted;
    }
}

export function setTheme(wanted: Theme): void {
    localStorage.setItem(key, wanted);
    applyTheme();
}
