import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { errorCatalogue, messageOf, StreamError, toStreamError } from '../../pipeline/errors.ts';

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (.+) \| (yes|no) \| (.+) \|$/gm)];

it('docs/errors.md lists exactly the codes of the catalogue, in its order, each with its meaning', () => {
  expect(rows.map(([, code, meaning, retried]) => [code, meaning, retried])).toEqual(
    Object.entries(errorCatalogue).map(([code, { summary, retryable }]) => [
      code,
      summary,
      retryable ? 'yes' : 'no',
    ]),
  );
});

it('docs/errors.md says of every code what to do', () => {
  for (const [, , , , advice] of rows) expect(advice).toMatch(/^[A-Z].{10,}\.$/);
});

it('StreamError keeps its cause, says whether it can be retried, and appends the advice', () => {
  const cause = new Error('below');
  const error = new StreamError('CATALOG_THROTTLED', 'Slower.', { cause, retryAfterMs: 5, advice: 'Wait.' });
  expect(error).toMatchObject({ message: 'Slower. Wait.', retryable: true, retryAfterMs: 5, cause });
  expect(new StreamError('USAGE', 'x')).toMatchObject({ retryable: false, retryAfterMs: undefined });
  expect('cause' in new StreamError('USAGE', 'x')).toBe(false);
});

it('toStreamError() wraps what is not ours, and leaves what is', () => {
  const own = new StreamError('USAGE', 'x');
  expect(toStreamError(own, 'TRANSFORM_FAILED', 'at')).toBe(own);
  expect(toStreamError('text', 'TRANSFORM_FAILED', 'at')).toMatchObject({
    message: 'at: text',
    cause: 'text',
  });
  expect(messageOf({ toString: () => 'odd' })).toBe('odd');
});
