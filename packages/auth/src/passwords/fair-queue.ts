/** A queue in which crowds take turns, so that a large one waits for itself and not the others for it. */
export interface FairQueue<Item> {
  size(): number;
  /** @param crowd null for somebody who belongs to none, and so is a crowd of one */
  add(crowd: string | null, item: Item): void;
  /** The first of the crowd whose turn it is. */
  take(): Item | undefined;
  /** Whether somebody else has waited in such numbers that one who comes from this crowd should have a place of theirs. */
  mayDisplace(crowd: string | null): boolean;
  /** Takes the last of the largest crowd away. */
  displace(): Item | undefined;
}

export function createFairQueue<Item>(): FairQueue<Item> {
  /** In the order of their turns: a crowd that had its turn goes to the end. */
  const crowds = new Map<string | symbol, Item[]>();
  let size = 0;

  function findLargest(): [string | symbol, Item[]] | undefined {
    let largest: [string | symbol, Item[]] | undefined;
    for (const entry of crowds) if (!largest || entry[1].length > largest[1].length) largest = entry;
    return largest;
  }

  function remove(crowd: string | symbol, items: Item[], item: Item | undefined): Item | undefined {
    size -= 1;
    if (items.length === 0) crowds.delete(crowd);
    return item;
  }

  return {
    size: () => size,
    add(crowd, item) {
      const name = crowd ?? Symbol("one");
      const items = crowds.get(name);
      if (items) items.push(item);
      else crowds.set(name, [item]);
      size += 1;
    },
    take() {
      const [first] = crowds;
      if (!first) return undefined;
      const [crowd, items] = first;
      crowds.delete(crowd);
      crowds.set(crowd, items);
      return remove(crowd, items, items.shift());
    },
    mayDisplace(crowd) {
      const own = crowd === null ? 0 : (crowds.get(crowd)?.length ?? 0);
      return (findLargest()?.[1].length ?? 0) > own + 1;
    },
    displace() {
      const largest = findLargest();
      return largest && remove(largest[0], largest[1], largest[1].pop());
    },
  };
}
