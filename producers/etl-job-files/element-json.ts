import { shownAttribute, shownText } from '../../platform/xml-json.ts';
import type { XmlElement } from '../../platform/xml.ts';

/** An attribute that is kept without being known, as JSON text without secrets. */
export function attributeJson(element: XmlElement, name: string, value: string): string {
  return JSON.stringify(shownAttribute(element, name, value));
}

/** An element that is kept without being known, as JSON text without secrets: its attributes, text and children. */
export function elementJson(element: XmlElement): string {
  const parts = [...element.attributes].map(
    ([name, value]) => `${JSON.stringify(`@${name}`)}:${attributeJson(element, name, value)}`,
  );
  if (element.text !== '') parts.push(`"text":${JSON.stringify(shownText(element))}`);
  if (element.children.length > 0) {
    const children = element.children.map((child) => `{${JSON.stringify(child.name)}:${elementJson(child)}}`);
    parts.push(`"children":[${children.join(',')}]`);
  }
  return `{${parts.join(',')}}`;
}
