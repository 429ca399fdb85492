import { isSecretName, redacted, redactText } from '../../platform/redact.ts';
import type { XmlElement } from '../../platform/xml.ts';

/** Attributes that name what another attribute or the text holds: `<property name="password" value="…"/>`. */
const naming: ReadonlySet<string> = new Set(['name', 'key', 'id', 'type']);

/** An attribute that is kept without being known, as JSON text without secrets. */
export function attributeJson(element: XmlElement, name: string, value: string): string {
  return JSON.stringify(attributeValue(element, name, value));
}

/** An element that is kept without being known, as JSON text without secrets: its attributes, text and children. */
export function elementJson(element: XmlElement): string {
  const parts = [...element.attributes].map(
    ([name, value]) => `${JSON.stringify(`@${name}`)}:${attributeJson(element, name, value)}`,
  );
  if (element.text !== '') {
    const text = holdsSecret(element) ? redacted : redactText(element.text);
    parts.push(`"text":${JSON.stringify(text)}`);
  }
  if (element.children.length > 0) {
    const children = element.children.map((child) => `{${JSON.stringify(child.name)}:${elementJson(child)}}`);
    parts.push(`"children":[${children.join(',')}]`);
  }
  return `{${parts.join(',')}}`;
}

function attributeValue(element: XmlElement, name: string, value: string): string {
  const secret = isSecretName(name) || (holdsSecret(element) && !naming.has(name.toLowerCase()));
  return secret ? redacted : redactText(value);
}

function holdsSecret(element: XmlElement): boolean {
  return (
    isSecretName(element.name) ||
    [...element.attributes].some(([name, value]) => naming.has(name.toLowerCase()) && isSecretName(value))
  );
}
