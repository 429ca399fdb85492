/** Headers by which a record says that its value is not the event itself. Nothing outside this folder sees them. */
export const marks = {
  /** The value is a part: `ID/INDEX/COUNT`, counted from 0. */
  part: 'ps_part',
  /** The value, or what its parts or its reference come to, is compressed: `gzip`. */
  encoding: 'ps_encoding',
  /** The value is a reference: the SHA-256 of what is stored elsewhere, in hex. */
  claim: 'ps_claim',
} as const;

type Headers = Readonly<Record<string, string>>;

/** Which part of an event a record is. */
export interface PartMark {
  /** Names the event, once for each time that it was appended. */
  readonly id: string;
  readonly index: number;
  readonly count: number;
}

/** Parts of one event at the most. */
export const mostParts = 10_000;

/** The mark of a part as a header. */
export function partText({ id, index, count }: PartMark): string {
  return `${id}/${index}/${count}`;
}

/** Reads {@link partText}; undefined for a text that is none. */
export function parsePart(text: string): PartMark | undefined {
  const [, id, index, count] = /^([0-9a-f-]{8,64})\/(\d{1,5})\/(\d{1,5})$/u.exec(text) ?? [];
  if (id === undefined) return undefined;
  const mark = { id, index: Number(index), count: Number(count) };
  return mark.count >= 2 && mark.count <= mostParts && mark.index < mark.count ? mark : undefined;
}

/** Headers without a mark. */
export function withoutMark(headers: Headers, mark: string): Headers {
  const { [mark]: _, ...others } = headers;
  return others;
}
