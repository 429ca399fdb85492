import { isSecretName, redacted, redactText } from './redact.ts';
import type { XmlElement } from './xml.ts';

/** Attributes that name what another attribute or the text holds: `<property name="password" value="…"/>`. */
const naming: ReadonlySet<string> = new Set(['name', 'key', 'id', 'type']);

/** An attribute's value, without secrets. */
export function shownAttribute(element: XmlElement, name: string, value: string): string {
  const secret = isSecretName(name) || (holdsSecret(element) && !naming.has(name.toLowerCase()));
  return secret ? redacted : redactText(value);
}

/** An element's text, without secrets. */
export function shownText(element: XmlElement): string {
  return holdsSecret(element) ? redacted : redactText(element.text);
}

/**
 * An element as JSON, without secrets: attributes as `@name`, each kind of child as a list under its name, the text as `#text` where there
 * is any, the element's own name as `#name` and its line as `#line`. Names keep their prefix.
 */
export function xmlJson(element: XmlElement): Readonly<Record<string, unknown>> {
  const children = new Map<string, unknown[]>();
  for (const child of element.children) {
    const known = children.get(child.name);
    if (known === undefined) children.set(child.name, [xmlJson(child)]);
    else known.push(xmlJson(child));
  }
  // fromEntries defines properties: an element that is named __proto__ is one like any other.
  return Object.fromEntries<unknown>([
    ['#name', element.name],
    ['#line', element.line],
    ...[...element.attributes].map(
      ([name, value]) => [`@${name}`, shownAttribute(element, name, value)] as const,
    ),
    ...(element.text === '' ? [] : [['#text', shownText(element)] as const]),
    ...children,
  ]);
}

function holdsSecret(element: XmlElement): boolean {
  return (
    isSecretName(element.name) ||
    [...element.attributes].some(([name, value]) => naming.has(name.toLowerCase()) && isSecretName(value))
  );
}
