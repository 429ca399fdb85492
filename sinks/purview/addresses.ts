/** Names in groups whose encoded form fits an address: servers and gateways refuse more than 8,000 bytes. */
export function inAddresses(names: readonly string[]): readonly (readonly string[])[] {
  const groups: string[][] = [];
  let bytes = 0;
  for (const name of names) {
    const size = encodeURIComponent(name).length + '&attr_100:qualifiedName='.length;
    const last = groups.at(-1);
    bytes += size;
    if (last === undefined || last.length >= 100 || bytes > 6000) {
      groups.push([name]);
      bytes = size;
    } else last.push(name);
  }
  return groups;
}
