import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { allCommands, createProgram } from '../../cli/program.ts';
import { configSchema } from '../../pipeline/config.ts';
import { root } from '../support/cli.ts';

const folder = path.join(root, 'deploy/kubernetes');

const resource = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
type Resource = z.output<typeof resource>;

const container = z.looseObject({
  name: z.string(),
  image: z.literal('purview-streams'),
  args: z.array(z.string()),
  livenessProbe: z.unknown().optional(),
  readinessProbe: z.unknown().optional(),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
  }),
});
const podSpec = z.looseObject({
  automountServiceAccountToken: z.literal(false),
  terminationGracePeriodSeconds: z.number(),
  securityContext: z.looseObject({
    runAsNonRoot: z.literal(true),
    seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
  }),
  containers: z.tuple([container]),
  volumes: z.array(z.looseObject({ name: z.string() })),
});
const template = z.looseObject({ spec: podSpec });
const deployment = z.looseObject({ spec: z.looseObject({ template }) });
const cronJob = z.looseObject({
  spec: z.looseObject({
    concurrencyPolicy: z.literal('Forbid'),
    jobTemplate: z.looseObject({ spec: z.looseObject({ template }) }),
  }),
});

/** What the package kubernetes-models has for each kind: a class that checks itself against the published schema. */
interface Model {
  validate(): void;
}

const load = createRequire(import.meta.url);

function modelOf({ apiVersion, kind, ...rest }: Resource): Model {
  const module: Readonly<Record<string, new (data: unknown) => Model>> = load(
    `kubernetes-models/${apiVersion}/${kind}`,
  );
  const Kind = module[kind];
  if (Kind === undefined) throw new Error(`There is no kind ${kind} in ${apiVersion}.`);
  return new Kind({ apiVersion, kind, ...rest });
}

describe('deploy/kubernetes', () => {
  let resources: readonly Resource[];
  let config: z.output<typeof configSchema>;
  beforeAll(async () => {
    const names = (await readdir(folder)).filter(
      (name) => name.endsWith('.yaml') && name !== 'kustomization.yaml',
    );
    const texts = await Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')));
    resources = texts.flatMap((text) =>
      parseAllDocuments(text).map((document) => resource.parse(document.toJS())),
    );
    const map = resources.find(({ kind }) => kind === 'ConfigMap');
    const data = z.looseObject({ data: z.strictObject({ 'purview-streams.yaml': z.string() }) }).parse(map);
    config = configSchema.parse(parse(data.data['purview-streams.yaml']));
  });

  const pods = () =>
    resources.flatMap((one) => {
      if (one.kind === 'Deployment') return [deployment.parse(one).spec.template.spec];
      if (one.kind === 'CronJob') return [cronJob.parse(one).spec.jobTemplate.spec.template.spec];
      return [];
    });

  it('holds to the published schemas of Kubernetes, in one namespace, and is all named by kustomization.yaml', async () => {
    for (const one of resources) {
      const model = modelOf(one);
      expect(() => model.validate(), `${one.kind} ${one.metadata.name}`).not.toThrow();
      expect(one.metadata.namespace ?? one.metadata.name).toBe('purview-streams');
    }
    const wrong = modelOf({
      ...resources.find(({ kind }) => kind === 'Deployment'),
      spec: { replicas: 'many' },
    } as Resource);
    expect(() => wrong.validate()).toThrow(/replicas|selector|template/u);
    const { resources: named } = z
      .looseObject({ resources: z.array(z.string()) })
      .parse(parse(await readFile(path.join(folder, 'kustomization.yaml'), 'utf8')));
    const files = (await readdir(folder)).filter(
      (name) => name.endsWith('.yaml') && name !== 'kustomization.yaml',
    );
    expect(named.toSorted()).toEqual(files.toSorted());
  });

  it('runs without rights, on a read-only file system, with time to drain', () => {
    expect(pods()).toHaveLength(4); // the schemas above say the rest
    for (const { terminationGracePeriodSeconds: seconds, containers } of pods()) {
      expect(seconds * 1000).toBeGreaterThanOrEqual(config.transport.sessionMs / 2 + 30_000);
      const [{ args, livenessProbe, readinessProbe }] = containers;
      const probes = args.includes('--once') ? [] : [livenessProbe, readinessProbe];
      expect(probes).not.toContain(undefined);
    }
  });

  it('starts commands and options that exist, and producers that are configured', async () => {
    const program = await createProgram(() => undefined);
    for (const { containers } of pods()) {
      const [{ args }] = containers;
      const command = allCommands(program).find((one) => one.name() === args[0]);
      const options = args.filter((argument) => argument.startsWith('-'));
      expect(
        options.filter((option) =>
          command?.options.every((one) => one.short !== option && one.long !== option),
        ),
      ).toEqual([]);
      const names = args.slice(
        1,
        args.findIndex((argument) => argument.startsWith('-')),
      );
      expect(names.filter((name) => !Object.hasOwn(config.producers, name))).toEqual([]);
    }
  });
});
