import { describe, expect, it } from 'vitest';
import { parseXml, xmlEncoding } from '../../platform/xml.ts';

const parse = (text: string) => parseXml(text, { file: 'f.xml' });

describe('parseXml()', () => {
  it('reads elements, attributes, text, CDATA and the five entities, without comments', () => {
    const root = parse(
      '<?xml version="1.0"?>\r\n<a x="1 &lt; 2"> t &amp;<!-- no --> <b/><![CDATA[<c>]]>&#65; </a>',
    );
    expect(root).toEqual({
      name: 'a',
      attributes: new Map([['x', '1 < 2']]),
      children: [{ name: 'b', attributes: new Map(), children: [], text: '', line: 2 }],
      text: 't & <c>A',
      line: 2,
    });
  });

  it('takes __proto__ as any other name', () => {
    const root = parse('<__proto__ __proto__="x" constructor="y"><constructor/></__proto__>');
    expect([root.name, ...root.attributes.keys(), root.children[0]?.name]).toEqual([
      '__proto__',
      '__proto__',
      'constructor',
      'constructor',
    ]);
    expect(Reflect.get({}, 'x')).toBeUndefined();
  });

  it('accepts a bare DOCTYPE and fetches nothing', () => {
    expect(parse('<!DOCTYPE a SYSTEM "http://127.0.0.1:1/powrmart.dtd"><a/>').name).toBe('a');
    expect(parse('<!DOCTYPE a PUBLIC "-//x[y]//" "b.dtd"><a/>').name).toBe('a');
  });

  it.each([
    [
      'an external entity',
      'SOURCE_INVALID',
      '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    ],
    [
      'a billion laughs',
      'SOURCE_INVALID',
      '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>',
    ],
    ['an entity that nobody declares', 'SOURCE_INVALID', '<a>&constructor;</a>'],
    ['200,000 levels', 'SOURCE_LIMIT', '<a>'.repeat(200_000)],
    [
      '200,000 attributes',
      'SOURCE_LIMIT',
      `<a ${Array.from({ length: 200_000 }, (_, index) => `a${index}="1"`).join(' ')}/>`,
    ],
    ['a tag that is not closed', 'SOURCE_INVALID', '<a>\n<b></a>'],
    ['two roots', 'SOURCE_INVALID', '<a/><b/>'],
    ['an attribute twice', 'SOURCE_INVALID', '<a x="1" x="2"/>'],
    ['nothing', 'SOURCE_INVALID', ''],
    ['control characters', 'SOURCE_INVALID', '<a>\u0001</a>'],
  ])('refuses %s with %s', (_what, code, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code }));
  });

  it('refuses more elements than its cap', () => {
    const text = `<a>${'<b/>'.repeat(1_000)}</a>`;
    expect(parseXml(text, { file: 'f.xml', maxElements: 1_001 }).children).toHaveLength(1_000);
    expect(() => parseXml(text, { file: 'f.xml', maxElements: 1_000 })).toThrow(
      'f.xml:1: there are more than 1000 elements.',
    );
  });

  it('names file and line once', () => {
    expect(() => parse('<a>\n<b></a>')).toThrow(/^f\.xml:2 is not XML: unexpected close tag\.$/);
  });
});

describe('xmlEncoding()', () => {
  it('reads the declaration, and only that', () => {
    const of_ = (text: string) => xmlEncoding(Buffer.from(text, 'latin1'));
    expect(of_('<?xml version="1.0" encoding="windows-1252"?><a/>')).toBe('windows-1252');
    expect(of_("<?xml version='1.0' encoding='UTF-8' standalone='yes'?>")).toBe('UTF-8');
    expect(of_('<?xml version="1.0"?><a encoding="x"/>')).toBeUndefined();
    expect(of_('<a/>')).toBeUndefined();
  });
});
