/** Makes a stream count as a terminal, or not. Returns the function that makes it what it was. */
export function asTerminal(stream: NodeJS.WriteStream, isTTY: boolean): () => void {
  const before = Object.getOwnPropertyDescriptor(stream, 'isTTY');
  Object.defineProperty(stream, 'isTTY', { value: isTTY, configurable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(stream, 'isTTY');
    else Object.defineProperty(stream, 'isTTY', before);
  };
}
