/** Reads the XML of packages in both of their forms: since 2012 most values are attributes, before that elements `DTS:Property`. */
import type { XmlElement } from '../../platform/xml.ts';

/** A name without its prefix. */
export function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

/** The children of that name, whatever their prefix. */
export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => localName(child.name) === name) ?? [];
}

/** The first child of that name. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => localName(child.name) === name);
}

/** The children of a list: `listOf(output, 'outputColumns')` are what is in `<outputColumns>`. */
export function listOf(element: XmlElement, list: string): readonly XmlElement[] {
  return childOf(element, list)?.children ?? [];
}

/** A value of an element: an attribute, or a child `Property` of that name. Undefined when there is none, or it is empty. */
export function valueOf(element: XmlElement | undefined, name: string): string | undefined {
  if (element === undefined) return undefined;
  for (const [key, value] of element.attributes)
    if (localName(key) === name) return value === '' ? undefined : value;
  const property = childrenOf(element, 'Property').find((child) => nameOf(child) === name);
  return property === undefined || property.text === '' ? undefined : property.text;
}

/** Whether a value says yes, in the words of both forms. */
export function isTrue(value: string | undefined): boolean {
  return value !== undefined && /^(?:true|-1|1)$/i.test(value);
}

/** The attribute `Name` of a property. */
export function nameOf(element: XmlElement): string | undefined {
  for (const [key, value] of element.attributes) if (localName(key).toLowerCase() === 'name') return value;
  return undefined;
}

/** The expressions that overwrite properties when the package runs, by property. */
export function expressionsOf(element: XmlElement): ReadonlyMap<string, string> {
  return new Map(
    childrenOf(element, 'PropertyExpression').map((child) => [nameOf(child) ?? '', child.text] as const),
  );
}
