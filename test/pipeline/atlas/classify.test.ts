import { describe, expect, test } from 'vitest';
import { classifyAtlasError } from '../../../pipeline/atlas/classify.ts';
import { atlasCodes, formatAtlasText } from '../../../pipeline/atlas/codes.ts';

describe('classifyAtlasError()', () => {
  test('goes by the code, not by the status', () => {
    expect(classifyAtlasError(404, 'ATLAS-404-00-007')).toBe('bad-entity');
    expect(classifyAtlasError(404, 'ATLAS-404-00-00A')).toBe('missing-referent');
    expect(classifyAtlasError(400, 'ATLAS-400-00-014')).toBe('missing-type');
    expect(classifyAtlasError(409, 'ATLAS-409-00-001')).toBe('conflict');
    expect(classifyAtlasError(403, 'ATLAS-403-00-001')).toBe('auth');
  });

  test('goes by the status when the code is unknown or absent', () => {
    expect(classifyAtlasError(429)).toBe('throttled');
    expect(classifyAtlasError(408, 'ATLAS-400-00-014')).toBe('throttled');
    expect(classifyAtlasError(401)).toBe('auth');
    expect(classifyAtlasError(503, 'unknown')).toBe('server-fault');
    expect(classifyAtlasError(404)).toBe('not-found');
    expect(classifyAtlasError(422)).toBe('bad-entity');
  });

  test('gives every code with one text one class', () => {
    const classes = new Map<string, string>();
    for (const { code, class: kind } of Object.values(atlasCodes)) {
      expect(classes.get(code) ?? kind).toBe(kind);
      classes.set(code, kind);
    }
  });
});

test('formatAtlasText() leaves a place without a value as it is', () => {
  expect(formatAtlasText('{0} and {1}', ['a'])).toBe('a and {1}');
});
