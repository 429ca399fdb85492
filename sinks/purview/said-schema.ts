import { z } from 'zod';

/** A reference to an entity by name, as the state keeps it. */
export const refSchema = z.object({ typeName: z.string(), qualifiedName: z.string() });

/** A value of an attribute, as the state keeps it. */
const valueSchema = z.union([
  z.null(),
  z.boolean(),
  z.number(),
  z.string(),
  z.array(z.string()),
  z.object({ json: z.string() }),
]);

const attributes = z.record(z.string(), valueSchema);

/** A classification, as the state keeps it. */
const classificationSchema = z.object({
  typeName: z.string(),
  attributes,
  propagate: z.boolean().nullable(),
  removePropagationsOnEntityDelete: z.boolean().nullable(),
  validityPeriods: z.array(
    z.object({
      startTime: z.string().nullable(),
      endTime: z.string().nullable(),
      timeZone: z.string().nullable(),
    }),
  ),
});

/** A contact, as the state keeps it. */
const contactSchema = z.object({ id: z.string(), info: z.string().nullable() });

const contacts = z.array(contactSchema).nullable();

const annotations = z.object({
  classifications: z.array(classificationSchema).nullable(),
  labels: z.array(z.string()).nullable(),
  businessAttributes: z.record(z.string(), attributes).nullable(),
  customAttributes: z.record(z.string(), z.string()).nullable(),
  contacts: z.object({ experts: contacts, owners: contacts }).nullable(),
  collection: z.string().nullable(),
  guidReferences: z.array(z.object({ attribute: z.string(), many: z.boolean(), guids: z.array(z.string()) })),
});

/** What the sink has given to one entity beside its attributes: only this does it take away or change again. */
export const givenSchema = z.object({
  entity: refSchema,
  classifications: z.array(classificationSchema),
  labels: z.array(z.string()),
  /** Glossary terms by qualifiedName. */
  terms: z.array(z.string()),
  businessAttributes: z.record(z.string(), attributes),
  customAttributes: z.record(z.string(), z.string()),
  experts: z.array(contactSchema),
  owners: z.array(contactSchema),
  collection: z.string().nullable(),
});

/** What the sink has given to one entity beside its attributes. */
export type Given = z.output<typeof givenSchema>;

/** An entity as a producer said it, as the state keeps it. */
export const bodySchema = refSchema.extend({
  attributes,
  references: z.array(z.object({ attribute: z.string(), many: z.boolean(), targets: z.array(refSchema) })),
  annotations: annotations.exactOptional(),
});
