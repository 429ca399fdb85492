// Loaded into a process before everything else: its clock is wrong by CLOCK_SKEW_MS milliseconds.
const RealDate = Date;
const skewMs = Number(process.env.CLOCK_SKEW_MS ?? 0);

globalThis.Date = class Date extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(RealDate.now() + skewMs);
    else super(...given);
  }

  static now() {
    return RealDate.now() + skewMs;
  }
};
