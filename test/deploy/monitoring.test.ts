import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { createMetrics } from '../../cli/metrics.ts';
import { createTelemetry } from '../../pipeline/telemetry.ts';
import { topics } from '../../pipeline/topics.ts';
import { createMemoryTransport } from '../../transports/memory.ts';
import { root } from '../support/cli.ts';

const read = (name: string): Promise<string> => readFile(path.join(root, 'deploy', name), 'utf8');

const rules = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^PurviewStreams[A-Za-z]+$/u),
          expr: z.string(),
          for: z
            .string()
            .regex(/^\d+[mhd]$/u)
            .optional(),
          labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'info']) }),
          annotations: z.strictObject({ summary: z.string(), description: z.string() }),
        }),
      ),
    }),
  ),
});
const dashboard = z.looseObject({
  uid: z.string(),
  panels: z.array(
    z.looseObject({
      id: z.number(),
      title: z.string(),
      gridPos: z.strictObject({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
      targets: z
        .array(z.looseObject({ expr: z.string(), legendFormat: z.string(), refId: z.string() }))
        .min(1),
    }),
  ),
});

/** Metrics that exist, with the labels that docs/metrics.md gives them. */
let labels: ReadonlyMap<string, readonly string[]>;
beforeAll(async () => {
  const transport = createMemoryTransport();
  await transport.ensureTopics([topics.raw, topics.entities].map((name) => ({ name, partitions: 1 })));
  const text = await createMetrics(createTelemetry(), { transport, producers: [] }).text();
  const page = await readFile(path.join(root, 'docs/metrics.md'), 'utf8');
  const documented = new Map(
    [...page.matchAll(/^\| `(purview_streams_\w+)` \| \w+ \|([^|]*)\|/gmu)].map(
      ([, name = '', list = '']) => [
        name,
        list.trim() === '' ? [] : list.split(',').map((one) => one.trim()),
      ],
    ),
  );
  const exist = [...text.matchAll(/^# TYPE (\w+) /gmu)].map(([, name = '']) => name);
  labels = new Map(exist.map((name) => [name, documented.get(name) ?? []]));
  await transport.close();
});

/** What is wrong with an expression: metrics that do not exist, labels that they do not have, brackets that are left open. */
function faultsOf(expr: string): readonly string[] {
  const names = [...expr.matchAll(/purview_streams_\w+/gu)].map(([name]) => name);
  const unknown = names.filter((name) => !labels.has(name));
  const known = new Set([...names.flatMap((name) => labels.get(name) ?? []), 'instance', 'job']);
  const used = [
    ...[...expr.matchAll(/\bby \(([^)]*)\)/gu)].flatMap(([, list = '']) =>
      list.split(',').map((one) => one.trim()),
    ),
    ...[...expr.matchAll(/[{,]\s*(\w+)\s*(?:=~|!=|!~|=)/gu)].map(([, label = '']) => label),
  ];
  const open = ['()', '{}', '[]'].filter(
    ([begin = '', end = '']) => expr.split(begin).length !== expr.split(end).length,
  );
  return [...unknown, ...used.filter((label) => !known.has(label)), ...open];
}

describe('deploy/prometheus/alerts.yaml', () => {
  it('watches metrics and labels that exist, and says what to do', async () => {
    const all = rules
      .parse(parse(await read('prometheus/alerts.yaml')))
      .groups.flatMap((group) => group.rules);
    expect(all.length).toBeGreaterThan(8);
    expect(new Set(all.map(({ alert }) => alert)).size).toBe(all.length);
    expect(all.flatMap(({ alert, expr }) => faultsOf(expr).map((fault) => `${alert}: ${fault}`))).toEqual([]);
    for (const { annotations, expr } of all) {
      const named = [...JSON.stringify(annotations).matchAll(/\$labels\.(\w+)/gu)].map(([, label]) => label);
      for (const label of named)
        expect(expr.includes(String(label)) || expr.includes('increase(')).toBe(true);
    }
  });
});

describe('deploy/grafana/purview-streams.json', () => {
  it('draws metrics and labels that exist, one panel beside the other', async () => {
    const { panels } = dashboard.parse(JSON.parse(await read('grafana/purview-streams.json')));
    const faults = panels.flatMap(({ title, targets }) =>
      targets.flatMap(({ expr }) => faultsOf(expr).map((fault) => `${title}: ${fault}`)),
    );
    expect(faults).toEqual([]);
    const places = panels.map(({ gridPos: { x, y } }) => `${x},${y}`);
    expect(new Set(places).size).toBe(panels.length);
  });

  it('shows every metric of the pipeline', async () => {
    const text = await read('grafana/purview-streams.json');
    const own = [...labels.keys()].filter((name) => !/^purview_streams_(process|nodejs)_/u.test(name));
    expect(own.filter((name) => !text.includes(name))).toEqual([]);
  });
});
