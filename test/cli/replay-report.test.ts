import { describe, expect, it } from 'vitest';
import { diffExports, diffText } from '../../cli/catalog-diff.ts';
import { progressText } from '../../cli/replay-progress.ts';

describe('progressText()', () => {
  it('tells events, speed and the time left, and leaves out what is not known yet', () => {
    const first = { at: 1000, done: 500 };
    expect(progressText(first, first, 50_500)).toBe('500 of 50,500 events');
    expect(progressText(first, { at: 6000, done: 10_500 }, 50_500)).toBe(
      '10,500 of 50,500 events, 2,000 events/s, 20 s left',
    );
    expect(progressText(first, { at: 6000, done: 50_500 }, 50_500)).toBe(
      '50,500 of 50,500 events, 10,000 events/s',
    );
    expect(progressText(first, { at: 6000, done: 10_500 }, 50_500, 'changes')).toBe(
      '10,500 of 50,500 changes, 2,000 changes/s, 20 s left',
    );
  });
});

describe('diffExports()', () => {
  const line = (name: string, attributes: object = {}, relationshipAttributes: object = {}): string =>
    `${JSON.stringify({ typeName: 't', qualifiedName: name, attributes, relationshipAttributes })}\n`;

  it('names what is more, different and fewer, and which attributes differ', () => {
    const present = line('same') + line('less') + line('other', { a: 1, b: 1 }, { r: [] });
    const next = line('same') + line('other', { a: 1, b: 2, c: 3 }, { r: [1] }) + line('more');
    const diff = diffExports(present, next);
    expect(diff).toEqual({
      added: [{ typeName: 't', qualifiedName: 'more' }],
      changed: [{ typeName: 't', qualifiedName: 'other', attributes: ['b', 'c', 'r'] }],
      removed: [{ typeName: 't', qualifiedName: 'less' }],
      same: 1,
    });
    expect(diffText(diff)).toContain('1 entities more, 1 different, 1 fewer, 1 the same');
    expect(diffText(diff)).toContain('t other (b, c, r)');
    expect(diffExports(present, present)).toMatchObject({ added: [], changed: [], removed: [], same: 3 });
  });

  it('shows the beginning of a long list', () => {
    const many = Array.from({ length: 30 }, (_, index) => line(`e${index}`)).join('');
    expect(diffText(diffExports('', many), 5)).toContain('… and 25 more');
  });
});
