import { from, lastValueFrom, Subject, throwError, toArray } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { inTurns } from '../../../pipeline/delivery/in-turns.ts';

describe('inTurns()', () => {
  it('takes what arrives at once together, no more than it may, and emits in order', async () => {
    const turns: number[][] = [];
    const work = async (items: readonly number[]): Promise<readonly number[]> => {
      turns.push([...items]);
      return items.filter((item) => item !== 4);
    };
    expect(await lastValueFrom(from([1, 2, 3, 4, 5]).pipe(inTurns(work, 2), toArray()))).toEqual([
      1, 2, 3, 5,
    ]);
    expect(turns).toEqual([[1, 2], [3, 4], [5]]);
  });

  it('has one turn at a time, and completes after the last', async () => {
    const source = new Subject<number>();
    let finish = (): void => undefined;
    let atWork = 0;
    let ended = false;
    const emitted: number[] = [];
    source
      .pipe(
        inTurns(async (items: readonly number[]) => {
          atWork += 1;
          expect(atWork).toBe(1);
          await new Promise<void>((resolve) => {
            finish = resolve;
          });
          atWork -= 1;
          return items;
        }, 10),
      )
      .subscribe({
        next: (item) => emitted.push(item),
        complete: () => {
          ended = true;
        },
      });
    source.next(1);
    await vi.waitFor(() => expect(atWork).toBe(1));
    source.next(2);
    source.complete();
    finish();
    await vi.waitFor(() => expect(emitted).toEqual([1]));
    expect(ended).toBe(false);
    await vi.waitFor(() => expect(atWork).toBe(1));
    finish();
    await vi.waitFor(() => expect(ended).toBe(true));
    expect(emitted).toEqual([1, 2]);
  });

  it('errors with what the work or the source throws', async () => {
    const error = new Error('no');
    const failing = from([1]).pipe(inTurns(() => Promise.reject(error), 1));
    await expect(lastValueFrom(failing)).rejects.toBe(error);
    const broken = throwError(() => error).pipe(inTurns(async (items) => items, 1));
    await expect(lastValueFrom(broken)).rejects.toBe(error);
  });

  it('completes at once when nothing arrives', async () => {
    expect(
      await lastValueFrom(
        from([]).pipe(
          inTurns(async (items) => items, 1),
          toArray(),
        ),
      ),
    ).toEqual([]);
  });
});
