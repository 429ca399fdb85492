/**
 * Takes passwords out of connection strings in the text of views and routines (dblink, foreign servers): `password=…` in a quoted
 * literal that also names a host, database or user, and `scheme://user:password@`. Other text stays as it is.
 */
export function redactConnections(text: string): string {
  return text
    .replaceAll(/'[^']{0,4000}'/g, (literal) =>
      /\b(?:host|hostaddr|dbname|user|port)\s*=/i.test(literal)
        ? literal.replaceAll(/(\b(?:password|pwd)\s*=\s*)[^\s';]+/gi, '$1***')
        : literal,
    )
    .replaceAll(/(\b[a-z][a-z0-9+]{1,20}:\/\/[^\s:/@']{1,200}:)[^\s@/']{1,200}@/gi, '$1***@');
}
