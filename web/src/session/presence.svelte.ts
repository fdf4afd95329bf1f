import { Book, personOf, type Person } from "./book";

// The book of presences for components: `people` changes at most once a frame, however much comes in.
// In a tab that is not shown, where there are no frames, at most every quarter of a second.
const unseenMs = 250;

export class Presences {
    people: ReadonlyMap<string, Person> = $state.raw(new Map());

    private readonly book = new Book();
    private scheduled = false;

    person(userId: string): Person | undefined {
        return this.people.get(userId);
    }

    // Also what the next frame will show.
    latest(userId: string): Person | undefined {
        return this.book.latest(userId);
    }

    // Content of an m.presence event as it came. `keepProfile`: it came from where names aren't given.
    receive(userId: unknown, content: unknown, keepProfile = false): void {
        const person = personOf(userId, content, Date.now());
        if (person && this.book.put(person, keepProfile)) {
            this.schedule();
        }
    }

    forget(userId: string): void {
        if (this.book.remove(userId)) {
            this.schedule();
        }
    }

    private schedule(): void {
        if (this.scheduled) {
            return;
        }
        this.scheduled = true;
        const flush = () => {
            if (this.scheduled) {
                this.scheduled = false;
                if (this.book.take()) {
                    this.people = this.book.people;
                }
            }
        };
        requestAnimationFrame(flush);
        setTimeout(flush, unseenMs);
    }
}
