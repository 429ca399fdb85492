import { z } from 'zod';
import type { ProducerSetup } from '../pipeline/component.ts';
import { messageOf } from '../pipeline/errors.ts';
import { NamePattern, type Naming } from '../pipeline/naming.ts';
import type { DatasetRule } from '../pipeline/transform.ts';
import { hint } from '../platform/schema-problems.ts';
import type { LoadedConfig } from './load-config.ts';

/** One thing that is wrong with a rule, below the rule. */
interface Problem {
  readonly field: readonly string[];
  readonly message: string;
}

/**
 * Throws CONFIG_INVALID, with line and field, for rules `datasets` that could name nothing: a type that nobody declares, a form that cannot be read, or
 * a parameter of the type that neither the form nor `parameters` give. Every event that names such a dataset would be a dead letter.
 */
export function requireSoundRules(
  loaded: LoadedConfig,
  setups: ReadonlyMap<string, ProducerSetup>,
  naming: Naming,
): void {
  const issues = [...setups].flatMap(([producer, { settings }]) =>
    Object.entries(settings.datasets).flatMap(([word, rule]) =>
      problemsOfRule(rule, naming).map(({ field, message }) => ({
        code: 'custom' as const,
        path: [producer, 'datasets', word, ...field],
        message,
        input: undefined,
      })),
    ),
  );
  if (issues.length > 0) throw loaded.invalid(new z.ZodError(issues), ['producers']);
}

function problemsOfRule(rule: DatasetRule, naming: Naming): readonly Problem[] {
  const known = naming.types.map(({ name }) => name);
  const unknown = rule.types.filter((name) => naming.declared(name) === undefined);
  const problems: Problem[] = unknown.map((name) => ({
    field: ['type'],
    message: `no producer here declares the type ${name}${hint(name, known)}`,
  }));
  const given = Object.keys(rule.parameters);
  for (const option of ['name', 'path'] as const) {
    const form = rule[option];
    if (form === undefined) continue;
    try {
      given.push(...new NamePattern(form).parameters);
    } catch (thrown) {
      problems.push({ field: [option], message: messageOf(thrown) });
    }
  }
  // A rule without a form may be for a producer that knows of each table where it is.
  const isForm = rule.name !== undefined || rule.path !== undefined;
  return problems.length > 0 || !isForm ? problems : missingParameters(rule, naming, given);
}

function missingParameters(rule: DatasetRule, naming: Naming, given: readonly string[]): readonly Problem[] {
  return rule.types.flatMap((name) => {
    const wanted = naming.parametersOf(name);
    return wanted
      .filter((parameter) => !given.includes(parameter))
      .map((parameter) => {
        const other = given.filter((one) => !wanted.includes(one));
        const beside =
          other.length === 0 ? '' : `, which has no ${other.map((one) => `{${one}}`).join(', ')}`;
        return {
          field: [],
          message: `neither name, path nor parameters give {${parameter}} of the type ${name}${beside}`,
        };
      });
  });
}
