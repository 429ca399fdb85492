import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamError } from '../../../pipeline/errors.ts';
import { readJob } from '../../../producers/etl-job-files/read-job.ts';

const job = (inner: string): string => `<job name="J" jobId="j">\n${inner}\n</job>`;

describe('readJob()', () => {
  it('reads every element of the form, with the lines', () => {
    const text = job(`<node type="join" id="n1">
  <inputs><input typeName="customDB"> t </input><input typeName="blob">https://a/b?c=1&amp;d=2</input></inputs>
  <columns>
    <column><sourceName>t.a</sourceName><sourceName>t.b</sourceName><targetName>x</targetName></column>
  </columns>
  <output typeName="customDB">u</output>
  <dependsOn><step>n0</step><step>n2</step></dependsOn>
</node>`);
    expect(readJob(text, 'j.xml')).toEqual({
      name: 'J',
      jobId: 'j',
      warnings: [],
      additional: [],
      nodes: [
        {
          id: 'n1',
          kind: 'join',
          line: 2,
          inputs: [
            { typeName: 'customDB', name: 't' },
            { typeName: 'blob', name: 'https://a/b?c=1&d=2' },
          ],
          columns: [{ sources: ['t.a', 't.b'], target: 'x', line: 5 }],
          output: { typeName: 'customDB', name: 'u' },
          dependsOn: ['n0', 'n2'],
        },
      ],
    });
  });

  it('keeps elements and attributes that it does not know, and reports each kind once', () => {
    const text = job(`<owner team="bi">Ann</owner>
<node type="lookup" id="a" retry="3"><hint><!-- nothing --></hint></node>
<node type="sink" id="b" retry="4"/>`);
    const { additional, warnings } = readJob(text, 'j.xml');
    expect(additional).toEqual([
      { key: 'job/owner', json: '{"@team":"bi","text":"Ann"}' },
      { key: 'node[a]/@retry', json: '"3"' },
      { key: 'node[a]/hint', json: '{}' },
      { key: 'node[b]/@retry', json: '"4"' },
    ]);
    expect(warnings.map(({ code, location, message }) => `${location} ${code}: ${message}`)).toEqual([
      'j.xml:2 unknown-element: job/owner is not known here; it is kept as it is.',
      'j.xml:3 unknown-step-type: The step a has the type "lookup", which is not known here.',
      'j.xml:3 unknown-element: node/@retry is not known here; it is kept as it is.',
      'j.xml:3 unknown-element: node/hint is not known here; it is kept as it is.',
    ]);
  });

  it('keeps no secret of what it does not know, and no signature of a URL', () => {
    const canary = '0ccaffee0';
    const text = job(`<connection password="${canary}" user="u">Server=s;Password=${canary}</connection>
<property name="dbPassword" value="${canary}"/><property name="dbToken">${canary}</property>
<scrambled>Encrypted 2be98afc86aa7f2e4${canary}</scrambled><step token="${canary}"><secret>${canary}</secret></step>
<node type="sink" id="a" apiKey="${canary}">
<output typeName="blob">https://a.blob.core.windows.net/b/c.csv?sv=2024&amp;sig=${canary}&amp;se=1</output>
</node>`);
    const told = readJob(text, 'j.xml');
    expect(JSON.stringify(told)).not.toContain(canary);
    expect(told.nodes[0]?.output?.name).toBe('https://a.blob.core.windows.net/b/c.csv');
    expect(told.warnings.map(({ code }) => code)).toContain('secret-removed');
    expect(told.additional[0]?.json).toBe('{"@password":"***","@user":"u","text":"Server=s;Password=***"}');
  });

  it.each([
    ['<jobs/>', 'j.xml:1 is no job file: the root element is <jobs>, but must be <job>.'],
    ['<job/>', 'j.xml:1 is no job file: the job has neither a jobId nor a name.'],
    [job('<node type="sink"/>'), 'j.xml:2 is no job file: <node> has no attribute id.'],
    [job('<node id="a"/>'), 'j.xml:2 is no job file: <node> has no attribute type.'],
    [
      job('<node type="sink" id="a"/>\n<node type="sink" id="a"/>'),
      'j.xml:3 is no job file: the node id "a" stands on line 2 already.',
    ],
    [
      job('<node type="sink" id="a"><inputs><input>t</input></inputs></node>'),
      'j.xml:2 is no job file: <input> has no attribute typeName.',
    ],
    [
      job('<node type="sink" id="a"><inputs><input typeName="x"> </input></inputs></node>'),
      'j.xml:2 is no job file: <input> is empty.',
    ],
    [
      job('<node type="sink" id="a"><output typeName="x">t</output><output typeName="x">u</output></node>'),
      'j.xml:2 is no job file: the node a has more than one <output>.',
    ],
    [
      job('<node type="sink" id="a"><columns><column><sourceName>t.a</sourceName></column></columns></node>'),
      'j.xml:2 is no job file: a column has 0 <targetName>, but must have one.',
    ],
  ])('throws SOURCE_INVALID with file and line for %s', (text, message) => {
    expect(() => readJob(text, 'j.xml')).toThrow(message);
    expect(() => readJob(text, 'j.xml')).toThrow(expect.objectContaining({ code: 'SOURCE_INVALID' }));
  });

  it('throws nothing but a StreamError when the text is random', () => {
    const tags = [
      '<job name="a">',
      '</job>',
      '<node id="x" type="join">',
      '</node>',
      '<inputs>',
      '<input typeName="t">',
    ];
    const token = fc.constantFrom(
      ...tags,
      'text',
      '&amp;',
      '&x;',
      ']]>',
      '<!--',
      '<![CDATA[',
      '<!DOCTYPE a [',
      '\0',
      '"',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(token).map((parts) => parts.join('')),
    );
    const result = fc.check(
      fc.property(text, (xml) => {
        try {
          readJob(xml, 'j.xml');
        } catch (thrown) {
          return thrown instanceof StreamError;
        }
        return true;
      }),
      { numRuns: 500 },
    );
    expect(result).toMatchObject({ failed: false, counterexample: null });
  });
});
