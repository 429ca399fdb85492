/**
 * The entry of the package: the contracts that a producer, a transform or a sink outside this project is written
 * against, and the few functions that make them.
 */
export { z } from 'zod';
export type * from '../schemas/types.ts';
export { type ErrorCode, errorCatalogue, StreamError } from './errors.ts';
export { jobTypes } from './job-types.ts';
export { createNaming, type Naming } from './naming.ts';
export {
  caseOption,
  datasetRules,
  datasetsOption,
  dialectOption,
  intervalOption,
  producerComponent,
  stepsOption,
} from './component.ts';
export type { ProducerComponent, ProducerHost, ProducerSetup, SourceInstaller } from './component.ts';
export type {
  FoundObject,
  PartialChange,
  Producer,
  ProducerMemory,
  Rejection,
  ScanContext,
} from './producer.ts';
export { deriving } from './transform.ts';
export type * from './transform.ts';
export { processAttributes, processEntity, routineAttributes, sqlProcessAttributes } from './process.ts';
export { type MiddleLevel, type RelationalSystem, relationalTypes } from './relational-types.ts';
export { sinkComponent } from './sink-component.ts';
export type { SinkComponent, SinkHost } from './sink-component.ts';
export type * from './sink.ts';
export type * from './state.ts';
export type * from './transport.ts';
export type * from './types.ts';
