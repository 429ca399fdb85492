/** What became of a request, as far as it says something of the catalogue's pace. */
export type Answered = 'accepted' | 'throttled';

/** What a {@link Pace} begins with. */
export interface PaceOptions {
  /** Requests a second that the account allows; undefined where that is not known: then nothing is held back before it throttles. */
  readonly limit: number | undefined;
}

/** Answers that are looked at together: few for a limit that has fallen, many for a rate that is a little too high. */
const windows = [
  { answers: 3, throttled: 3 },
  { answers: 20, throttled: 5 },
  { answers: 120, throttled: 10 },
] as const;
const longest = 120;
/** Requests that may go at once after a rest, in seconds of the rate. */
const burstSeconds = 0.2;
/** How close to the rate that was found to be too high it stays, and for how long, before it tries more. */
const below = 0.97;
const firstHoldMs = 10_000;
const longestHoldMs = 120_000;
/** Requests a second that are tried whatever happens. */
const least = 1;
/** How far back the accepted ones are counted. */
const rememberedMs = 2000;

/**
 * The rate of requests of one process: additive increase, multiplicative decrease. Single refusals are chance (another client, a
 * gateway), and change nothing; more of them say that the limit is lower. The rate then falls to what was accepted meanwhile, stays
 * a little below it, and tries more from time to time, the less often the more often that was refused. Times are milliseconds.
 */
export class Pace {
  /** Requests a second; infinite as long as nothing is known. */
  #rate: number;
  #ceiling: number;
  #tokens = 1;
  #tokensAt: number | undefined;
  /** Times of what was accepted of late. */
  #accepted: number[] = [];
  #answers: Answered[] = [];
  /** Since when the rate is as low as it is: what was sent before it says nothing of it. */
  #loweredAt = Number.NEGATIVE_INFINITY;
  #grownAt: number | undefined;
  /** A rate that was too high, with the time until which it is not tried again. */
  #knee: { readonly rate: number; readonly holdUntil: number; readonly step: number } | undefined;
  #holdMs = firstHoldMs;

  constructor({ limit }: PaceOptions) {
    this.#rate = limit ?? Number.POSITIVE_INFINITY;
    this.#ceiling = this.#rate;
  }

  /** Requests a second. */
  get rate(): number {
    return this.#rate;
  }

  /** Divides what is allowed among the processes that share it. */
  share(before: number, members: number, now: number): void {
    if (!Number.isFinite(this.#rate) || before === members) return;
    this.#rate = Math.min(this.#ceiling, (this.#rate * before) / members);
    this.#knee = { rate: this.#rate / below, holdUntil: now + this.#holdMs, step: 0.02 };
  }

  /** Milliseconds until a request may go. */
  waitMs(now: number): number {
    this.#refill(now);
    return this.#tokens >= 1 ? 0 : ((1 - this.#tokens) / this.#rate) * 1000;
  }

  /** A request goes. */
  take(): void {
    if (Number.isFinite(this.#rate)) this.#tokens -= 1;
  }

  /** A request that was sent at `sentAt` was answered. Returns whether the rate fell. */
  answered(as: Answered, sentAt: number, now: number): boolean {
    if (as === 'accepted') {
      this.#remember(now);
      this.#grow(now);
    }
    if (sentAt < this.#loweredAt) return false;
    this.#answers.push(as);
    if (this.#answers.length > longest) this.#answers.shift();
    if (as === 'accepted' || !this.#isTooFast()) return false;
    this.#lower(now);
    return true;
  }

  #remember(now: number): void {
    const [first] = this.#accepted;
    if (first !== undefined && first < now - 2 * rememberedMs)
      this.#accepted = this.#accepted.filter((at) => at >= now - rememberedMs);
    this.#accepted.push(now);
  }

  #isTooFast(): boolean {
    return windows.some(({ answers, throttled }) => {
      const seen = this.#answers.slice(-answers);
      return seen.filter((one) => one === 'throttled').length >= throttled;
    });
  }

  #lower(now: number): void {
    const from = Math.max(now - rememberedMs, this.#loweredAt);
    const seen = this.#accepted.filter((at) => at >= from).length;
    const seconds = Math.max(now - from, 100) / 1000;
    const found = Math.max(seen / seconds, least);
    const highest = Number.isFinite(this.#rate) ? this.#rate * 0.95 : found;
    const rate = Math.max(least, Math.min(found, highest));
    if (this.#knee !== undefined && now >= this.#knee.holdUntil)
      this.#holdMs = Math.min(this.#holdMs * 2, longestHoldMs);
    const certainty = Math.min(seconds / 2, 1);
    this.#knee = { rate, holdUntil: now + this.#holdMs * certainty, step: 0.02 / certainty };
    this.#rate = rate * 0.9;
    this.#tokens = Math.min(this.#tokens, 0);
    this.#loweredAt = now;
    this.#grownAt = now;
    this.#answers = [];
  }

  /** Only what is accepted lets it grow: while nothing is sent, nothing is learned. */
  #grow(now: number): void {
    const seconds = Math.min(now - (this.#grownAt ?? now), 500) / 1000;
    this.#grownAt = now;
    if (!Number.isFinite(this.#rate)) return;
    const knee = this.#knee;
    if (knee === undefined) this.#rate += this.#rate * 0.05 * seconds;
    else if (this.#rate < knee.rate * below) {
      this.#rate = Math.min(this.#rate + knee.rate * 0.05 * seconds, knee.rate * below);
    } else if (now >= knee.holdUntil) {
      this.#rate += knee.rate * knee.step * seconds;
      if (this.#rate > knee.rate * 1.5) this.#forget();
    }
    this.#rate = Math.min(this.#rate, this.#ceiling);
  }

  #forget(): void {
    this.#knee = undefined;
    this.#holdMs = firstHoldMs;
  }

  #refill(now: number): void {
    if (!Number.isFinite(this.#rate)) {
      this.#tokens = 1;
      this.#tokensAt = now;
      return;
    }
    const seconds = Math.max(now - (this.#tokensAt ?? now), 0) / 1000;
    this.#tokens = Math.min(this.#tokens + seconds * this.#rate, Math.max(1, this.#rate * burstSeconds));
    this.#tokensAt = now;
  }
}
