/** What entities consist of on their way to a catalogue, as `schemas/avro` has it. */

/** A value that is no text, number or list of texts, as JSON text. */
export interface Structure {
  readonly json: string;
}

/** What an attribute can hold on the way to a catalogue. */
export type AttributeValue = null | boolean | number | string | readonly string[] | Structure;
/** Attributes by name; only what the source knows. Null clears. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** A reference to an entity by name. */
export interface EntityRef {
  readonly typeName: string;
  readonly qualifiedName: string;
}

/** A relationship end by attribute name. */
export interface Reference {
  readonly attribute: string;
  readonly many: boolean;
  readonly targets: readonly EntityRef[];
}

/** A relationship end by attribute name, whose targets are known only by the catalogue's own ids. */
export interface GuidReference {
  readonly attribute: string;
  readonly many: boolean;
  readonly guids: readonly string[];
}

/** A time within which a classification holds. */
export interface ValidityPeriod {
  /** As yyyy/MM/dd HH:mm:ss. */
  readonly startTime: string | null;
  readonly endTime: string | null;
  /** Null for UTC. */
  readonly timeZone: string | null;
}

/** A classification on an entity. */
export interface Classification {
  readonly typeName: string;
  readonly attributes: Attributes;
  readonly propagate: boolean | null;
  readonly removePropagationsOnEntityDelete: boolean | null;
  readonly validityPeriods: readonly ValidityPeriod[];
}

/** A person or group that answers for an entity. */
export interface Contact {
  readonly id: string;
  readonly info: string | null;
}

/** Who answers for an entity; null where the source does not tell. */
export interface Contacts {
  readonly experts: readonly Contact[] | null;
  readonly owners: readonly Contact[] | null;
}

/** What is said of an entity beside its attributes and references: null leaves alone, empty takes away what was said before. */
export interface Annotations {
  readonly classifications: readonly Classification[] | null;
  readonly labels: readonly string[] | null;
  /** By type of business metadata, then by attribute. */
  readonly businessAttributes: Readonly<Record<string, Attributes>> | null;
  readonly customAttributes: Readonly<Record<string, string>> | null;
  readonly contacts: Contacts | null;
  readonly collection: string | null;
  readonly guidReferences: readonly GuidReference[];
}

/** One entity with only what its source knows. */
export interface EntityBody extends EntityRef {
  readonly attributes: Attributes;
  readonly references: readonly Reference[];
  readonly annotations?: Annotations | null;
}

/** An entity that had another qualifiedName before. */
export interface Renamed {
  readonly typeName: string;
  readonly from: string;
  readonly to: string;
  /** The object that spoke of it under that name; empty where it is not known. */
  readonly objectId: string;
  /** Sequence of the last change of that object under that name; -1 where it is not known. */
  readonly until: number;
}
