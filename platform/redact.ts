/** What stands in place of a secret. */
export const redacted = '***';

const secretNames =
  /(?:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|(?:api|account|access|shared|private|encryption)[-_ ]?key|connection[-_ ]?string|sas|signature)$/i;

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
