// The views of the page, each at an address of its own behind the #.
export const views = ["people", "lists", "rooms", "settings"] as const;
export type View = (typeof views)[number];

export const viewTitles: Record<View, string> = {
    people: "People",
    lists: "Lists",
    rooms: "Rooms",
    settings: "Settings",
};

// What stands behind the view's name (a room) is the view's own.
export function viewOf(hash: string): View {
    const name = hash.replace(/^#/, "").split("/")[0];
    return views.find((view) => view === name) ?? "people";
}
