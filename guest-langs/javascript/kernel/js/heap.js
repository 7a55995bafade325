import { push } from './primordials.js';

// A binary heap of timers: the one that is due first is at the top. A million of them are no trouble.
export class TimerHeap {
  #items = [];

  get size() {
    return this.#items.length;
  }

  get first() {
    return this.#items[0];
  }

  add(timer) {
    const items = this.#items;
    let at = items.length;
    push(items, timer);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (before(items[parent], timer)) break;
      items[at] = items[parent];
      items[at].place = at;
      at = parent;
    }
    items[at] = timer;
    timer.place = at;
  }

  remove(timer) {
    const items = this.#items;
    const at = timer.place;
    if (at < 0 || items[at] !== timer) return;
    timer.place = -1;
    const last = items[items.length - 1];
    items.length--;
    if (last === timer) return;
    this.#sink(last, at);
    if (items[at] === last) {
      // It may belong further up than where it was put.
      let place = at;
      while (place > 0) {
        const parent = (place - 1) >> 1;
        if (before(items[parent], last)) break;
        items[place] = items[parent];
        items[place].place = place;
        place = parent;
      }
      items[place] = last;
      last.place = place;
    }
  }

  clear() {
    const items = this.#items;
    for (let at = 0; at < items.length; at++) items[at].place = -1;
    this.#items = [];
  }

  #sink(timer, start) {
    const items = this.#items;
    const length = items.length;
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      if (child + 1 < length && before(items[child + 1], items[child])) child++;
      if (before(timer, items[child])) break;
      items[at] = items[child];
      items[at].place = at;
      at = child;
    }
    items[at] = timer;
    timer.place = at;
  }
}

function before(one, other) {
  return one.due < other.due || (one.due === other.due && one.order < other.order);
}
