/** The texts that variables hold, to read the SQL that a script builds. After a branch a variable may hold one of several. */
import { lowerOf } from './interned.ts';
import type { TextPart } from './ir.ts';
import { maxBranchVariables, maxFoldedCharacters, maxTextAlternatives } from './limits.ts';
import { textFunctions } from './text-functions.ts';
import { unknownText } from './unknown-text.ts';

type Values = Map<string, readonly string[]>;

interface Branch {
  readonly before: Values;
  /** What held at the end of the branches that are over; undefined where there are too many variables to follow. */
  readonly ends: Values[] | undefined;
  hasElse: boolean;
}

const nothingKnown: readonly string[] = [unknownText];

/** The variables of one routine. */
export class Texts {
  private values: Values = new Map();
  private branches: Branch[] = [];

  /** Forgets everything: another routine begins. */
  clear(): void {
    if (this.values.size > 0) this.values = new Map();
    if (this.branches.length > 0) this.branches = [];
  }

  /** Sets what a variable holds; undefined if it is not known. */
  set(variable: string, texts: readonly string[] | undefined): void {
    const branch = this.branches.at(-1);
    const isFollowed = branch === undefined || branch.ends !== undefined;
    this.values.set(lowerOf(variable), texts !== undefined && isFollowed ? texts : nothingKnown);
  }

  /** What a variable may hold. */
  get(variable: string): readonly string[] {
    return this.values.get(lowerOf(variable)) ?? nothingKnown;
  }

  /** A branch begins (IF), the next one begins (ELSE), or all of them are over (END). */
  branch(step: 'if' | 'else' | 'end'): void {
    if (step === 'if') {
      const ends = this.values.size > maxBranchVariables ? undefined : [];
      this.branches.push({ before: this.values, ends, hasElse: false });
      if (ends !== undefined) this.values = new Map(this.values);
      return;
    }
    const branch = this.branches.at(-1);
    if (branch === undefined) return;
    branch.ends?.push(this.values);
    if (step === 'else') {
      branch.hasElse = true;
      if (branch.ends !== undefined) this.values = new Map(branch.before);
      return;
    }
    this.branches.pop();
    if (branch.ends === undefined) return;
    this.values = merged(branch.hasElse ? branch.ends : [branch.before, ...branch.ends]);
  }

  /** Joins parts to every text that may come out. */
  fold(parts: readonly TextPart[]): readonly string[] {
    let results: readonly string[] = [''];
    for (const part of parts) {
      const pieces = this.evaluate(part);
      results =
        pieces.length === 1
          ? results.map((text) => text + (pieces[0] ?? ''))
          : results.flatMap((text) => pieces.map((piece) => text + piece));
      if (results.length > maxTextAlternatives || (results[0]?.length ?? 0) > maxFoldedCharacters)
        return nothingKnown;
    }
    return results.every((text) => text.length <= maxFoldedCharacters) ? results : nothingKnown;
  }

  private evaluate(part: TextPart): readonly string[] {
    if ('text' in part) return [part.text];
    if ('variable' in part) return this.get(part.variable);
    if ('unknown' in part) return nothingKnown;
    const apply = textFunctions.get(part.call);
    if (apply === undefined) return nothingKnown;
    let lists: readonly (readonly string[])[] = [[]];
    for (const argument of part.args) {
      const texts = this.fold(argument);
      lists = lists.flatMap((list) => texts.map((text) => [...list, text]));
      if (lists.length > maxTextAlternatives) return nothingKnown;
    }
    return lists.map((list) => {
      const text = apply(list);
      return text.length > maxFoldedCharacters ? unknownText : text;
    });
  }
}

/** Each variable with all that it may hold at the end of one of the branches. */
function merged(ends: readonly Values[]): Values {
  const result: Values = new Map();
  for (const end of ends) {
    for (const [name, texts] of end) {
      const known = result.get(name);
      if (known === undefined || known === texts) result.set(name, texts);
      else result.set(name, longest([...new Set([...known, ...texts])]));
    }
  }
  return result;
}

/** Of too many alternatives the longest, which hold the most of what was appended on the way. */
function longest(texts: readonly string[]): readonly string[] {
  if (texts.length <= maxTextAlternatives) return texts;
  return [...texts].sort((a, b) => b.length - a.length).slice(0, maxTextAlternatives);
}
