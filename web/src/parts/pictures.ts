import { getContext, setContext } from "svelte";

// Where doors get their pictures: an address for <img> of an mxc:// one, or nothing.
export type Load = (mxc: string) => Promise<string | undefined>;

const key = Symbol("pictures");

export function providePictures(load: Load): void {
    setContext(key, load);
}

export function pictures(): Load | undefined {
    return getContext<Load | undefined>(key);
}
