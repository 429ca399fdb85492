/** What is kept of entities and relationships. Stored as JSON text; whole numbers beyond 2^53 are kept as text. */
import type { PropagateTags } from '../pipeline/atlas/wire.ts';
import type { JsonObject } from './json.ts';

/** Live, or deleted softly. */
type StoredStatus = 'ACTIVE' | 'DELETED';

/** Who changed a record, and when (milliseconds since 1970). */
export interface Audited {
  createdBy: string;
  updatedBy: string;
  createTime: number;
  updateTime: number;
  version: number;
}

/** A classification as attached to one entity. */
export interface StoredClassification {
  typeName: string;
  attributes: JsonObject;
  propagate: boolean;
  removePropagationsOnEntityDelete: boolean;
  /** Set where it was given without any attribute: then those that are not set have no value, and do not read as 0 or false. */
  isBare?: true;
  /** When it holds; as it was given. */
  validityPeriods?: JsonObject[];
}

/** An entity without its relationships, which are records of their own. */
export interface StoredEntity extends Audited {
  readonly guid: string;
  readonly typeName: string;
  /** Order of creation in this catalogue. */
  readonly seq: number;
  status: StoredStatus;
  isIncomplete: boolean;
  attributes: JsonObject;
  customAttributes: JsonObject | undefined;
  businessAttributes: JsonObject | undefined;
  labels: string[];
  classifications: StoredClassification[];
  /** Experts and owners, which only Purview has. */
  contacts?: JsonObject;
  /** Where it was moved to, which only Purview has. */
  collectionId?: string;
}

/** A relationship between two entities. */
export interface StoredEdge extends Audited {
  readonly guid: string;
  readonly typeName: string;
  readonly end1: string;
  readonly end2: string;
  readonly seq: number;
  readonly propagateTags: PropagateTags;
  status: StoredStatus;
  attributes: JsonObject;
}

/** One thing that was done to an entity. */
export interface StoredAudit {
  readonly action: string;
  readonly details: string;
  readonly user: string;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  /** Order among all events of the catalogue. */
  readonly seq: number;
}
