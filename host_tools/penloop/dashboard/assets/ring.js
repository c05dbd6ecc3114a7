// The last samples: times in ms of device time, and one column a signal. The oldest are forgotten.

export class Ring {
  constructor(columns, capacity) {
    this.capacity = capacity;
    this.times = new Float64Array(capacity);
    this.columns = Array.from({ length: columns }, () => new Float32Array(capacity));
    this.count = 0; // samples ever taken; sample n is at n % capacity
  }

  add(times, columns) {
    for (let row = 0; row < times.length; row += 1) {
      const at = this.count % this.capacity;
      this.times[at] = times[row];
      for (let n = 0; n < columns.length; n += 1) this.columns[n][at] = columns[n][row];
      this.count += 1;
    }
  }

  get first() {
    return Math.max(0, this.count - this.capacity);
  }

  time(number) {
    return this.times[number % this.capacity];
  }

  value(column, number) {
    return this.columns[column][number % this.capacity];
  }

  // The first sample at that time or later.
  since(time) {
    let [low, high] = [this.first, this.count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.time(middle) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
