import type { Light } from "../parts/words";

const known: readonly Light[] = ["online", "free_for_chat", "unavailable", "busy", "offline"];

// The lamp of a state as the admin API names it.
export function lightOf(presence: string | undefined): Light {
    return known.find((l) => l === presence) ?? "offline";
}
