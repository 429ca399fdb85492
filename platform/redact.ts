/** What stands in place of a secret. */
export const redacted = '***';

const secretWord =
  '(?:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|(?:api|account|access|shared|private|encryption)[-_ ]?key|connection[-_ ]?string|sas|signature)';
const secretNames = new RegExp(`${secretWord}$`, 'i');

/** Whether a key, attribute or element of that name holds a secret: password, clientSecret, AccountKey, connectionString, … */
export function isSecretName(name: string): boolean {
  return name.length <= 200 && secretNames.test(name.trim());
}

/**
 * Takes secrets out of free text: `password=…` and its like in connection strings, signatures of URLs, `scheme://user:password@`, and
 * passwords that an ETL tool has only scrambled ("Encrypted 2be9…"). Other text stays as it is.
 */
export function redactText(text: string): string {
  return text
    .replaceAll(
      /(\b(?:password|passwd|pwd|sig|accountkey|sharedaccesskey|sharedaccesssignature|client_secret|access_token|api_?key)\s{0,5}=\s{0,5})[^\s;&"'<>]+/gi,
      `$1${redacted}`,
    )
    .replaceAll(/(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"']{0,200}:)[^\s@/"']{1,200}@/gi, `$1${redacted}@`)
    .replaceAll(/\b(Encrypted )[0-9a-f]{8,}/gi, `$1${redacted}`);
}

/** A URL without its query when that is signed (a shared access signature): the signature is a secret and no part of the name. */
export function withoutSignature(name: string): string {
  const query = name.indexOf('?');
  return query >= 0 && /[?&]sig=/i.test(name.slice(query)) ? name.slice(0, query) : name;
}

const quotedValue = /'[^']*'?|\\"(?:(?!\\").)*(?:\\")?|""(?:[^"]|"(?!"))*(?:"")?/gs;

/**
 * Takes out of a piece of a log what a statement in it may have between quotes: values, and passwords that no name announces. Also what is
 * quoted twice, as a text in JSON or CSV is; a quotation may end with the piece. Names that are quoted so go too: it is for display.
 */
export function withoutQuoted(text: string): string {
  return redactText(text.replaceAll(quotedValue, redacted));
}

/**
 * A JSON value without secrets: values of keys that name one, signatures of URLs, and what {@link redactText} takes out of texts. For what
 * is kept as it was found, under keys that nobody knows.
 */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value === 'string') return redactText(/\s/.test(value) ? value : withoutSignature(value));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      member !== null && isSecretName(key) ? redacted : withoutSecrets(member),
    ]),
  );
}

/** `password="…"`, `"password": "…"`; the quotation may end with the text. */
const quotedSecret = new RegExp(
  `(${secretWord}\\\\?["']?\\s{0,5}[:=]\\s{0,5})("[^"\\\\]*(?:\\\\.[^"\\\\]*)*"?|'[^']*'?)`,
  'gi',
);
/** `<password>…`. */
const secretElement = new RegExp(`(<[\\w:.-]{0,100}${secretWord}(?:\\s[^<>]{0,1000})?>)[^<]+`, 'gi');
/** `<property name="password" value="…">…`. */
const namedSecret = new RegExp(
  `<([\\w:.-]{1,100})\\s[^<>]{0,1000}?\\b(?:name|key|id|type)\\s{0,5}=\\s{0,5}["'][^"'<>]{0,100}${secretWord}["'][^<>]*>?[^<]*`,
  'gi',
);

/**
 * The bytes of a document that cannot be read (XML, JSON, or a piece of them) without the secrets that its form shows: for the dead letter
 * that keeps it. Other bytes stay as they are.
 */
export function redactBytes(bytes: Uint8Array): Buffer {
  // Latin-1 gives each byte a character and back, whatever the encoding is.
  const text = Buffer.from(bytes).toString('latin1');
  const kept = redactText(
    text
      .replaceAll(namedSecret, `<$1 ${redacted}>`)
      .replaceAll(secretElement, `$1${redacted}`)
      .replaceAll(quotedSecret, `$1"${redacted}"`),
  );
  return Buffer.from(kept, 'latin1');
}
