import { StreamError } from './errors.ts';

/** Refuses to touch the offsets of a group that has members. Throws GROUP_ACTIVE. */
export function refuseActive(topic: string, group: string, members: number): void {
  if (members === 0) return;
  throw new StreamError(
    'GROUP_ACTIVE',
    `The group ${group} has ${members} ${members === 1 ? 'member' : 'members'} on ${topic}.`,
    { advice: 'Stop its processes first; one that died counts until its session is over.' },
  );
}

/** The offset that a group is set to when it asks for one. Throws OFFSET_INVALID when it is no offset, or beyond the end of its partition. */
export function settableOffset(
  topic: string,
  {
    partition,
    earliest,
    next,
  }: { readonly partition: number; readonly earliest: number; readonly next: number },
  offset: number,
): number {
  if (Number.isInteger(offset) && offset <= next) return Math.max(offset, earliest);
  throw new StreamError(
    'OFFSET_INVALID',
    `The offset ${offset} is not one of ${topic}-${partition}, which ends at ${next}.`,
  );
}
