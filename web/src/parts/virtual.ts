// The arithmetic of a list of which only the rows in sight are in the document. Row i lies between
// offsets[i] and offsets[i + 1]; all lengths are pixels.

export interface Range {
    first: number;
    end: number;
}

export interface Position {
    index: number;
    size: number;
}

export function offsetsOf<T>(items: readonly T[], height: (item: T) => number): number[] {
    const offsets = new Array<number>(items.length + 1);
    offsets[0] = 0;
    for (let i = 0; i < items.length; i++) offsets[i + 1] = offsets[i]! + height(items[i]!);
    return offsets;
}

// The row at y; the last one for what lies below, 0 for an empty list.
export function rowAt(offsets: readonly number[], y: number): number {
    let low = 0;
    let high = Math.max(0, offsets.length - 2);
    while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (offsets[middle]! <= y) low = middle;
        else high = middle - 1;
    }
    return low;
}

// The rows in sight, and `margin` more on each side.
export function rowsInSight(
    offsets: readonly number[],
    top: number,
    height: number,
    margin: number,
): Range {
    const count = offsets.length - 1;
    if (count <= 0) return { first: 0, end: 0 };
    const first = rowAt(offsets, Math.max(0, top));
    const last = rowAt(offsets, Math.max(0, top + height));
    return { first: Math.max(0, first - margin), end: Math.min(count, last + 1 + margin) };
}

// Where to scroll so that row `index` is in sight, as little as possible.
export function scrollToRow(
    offsets: readonly number[],
    index: number,
    top: number,
    height: number,
): number {
    const start = offsets[index] ?? 0;
    const end = offsets[index + 1] ?? start;
    if (start < top) return start;
    if (end > top + height) return Math.max(0, end - height);
    return top;
}

// Where to scroll after the rows changed, so that what is read stays where it is: the first of the
// rows that were in sight and is still there. At the top the list stays at the top, where what is
// new appears.
export function scrollAfterChange(
    oldKeys: readonly string[],
    oldOffsets: readonly number[],
    newIndex: ReadonlyMap<string, number>,
    newOffsets: readonly number[],
    top: number,
): number {
    if (top <= 0) return 0;
    const total = newOffsets[newOffsets.length - 1] ?? 0;
    for (let i = rowAt(oldOffsets, top); i < oldKeys.length; i++) {
        const now = newIndex.get(oldKeys[i]!);
        if (now === undefined) continue;
        return Math.max(0, newOffsets[now]! + (top - oldOffsets[i]!));
    }
    return Math.min(top, total);
}

// For each row its place within its group and the group's size, as aria-posinset and aria-setsize
// have them. A heading begins a group and counts in none.
export function positionsOf<T>(
    items: readonly T[],
    heading: (item: T) => boolean,
): (Position | undefined)[] {
    const positions = new Array<Position | undefined>(items.length);
    let group: Position[] = [];
    const close = () => {
        for (const p of group) p.size = group.length;
        group = [];
    };
    items.forEach((item, i) => {
        if (heading(item)) {
            close();
            return;
        }
        const position = { index: group.length + 1, size: 0 };
        positions[i] = position;
        group.push(position);
    });
    close();
    return positions;
}

// Which row a key of the keyboard leads to from row `index`; undefined: not a key of the list.
// Headings are stepped over.
export function rowByKey<T>(
    pressed: string,
    index: number,
    items: readonly T[],
    heading: (item: T) => boolean,
    page: number,
): number | undefined {
    const steps: Record<string, [number, number]> = {
        ArrowDown: [index + 1, 1],
        ArrowUp: [index - 1, -1],
        PageDown: [Math.min(items.length - 1, index + page), 1],
        PageUp: [Math.max(0, index - page), -1],
        Home: [0, 1],
        End: [items.length - 1, -1],
    };
    const step = steps[pressed];
    if (!step) return undefined;
    for (let [i, by] = step; i >= 0 && i < items.length; i += by) {
        if (!heading(items[i]!)) return i;
    }
    // Nothing but headings that way: the nearest row the other way.
    for (let [i, by] = step; i >= 0 && i < items.length; i -= by) {
        if (!heading(items[i]!)) return i;
    }
    return index;
}
