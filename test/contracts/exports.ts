/** The suites that adapters outside this project are held against, with vitest: those that the adapters of this project pass. */
export { testMemory } from '../support/producer-memory.ts';
export { producerContract, type ProducerContractCase, scanAll, type ScanResult } from './producer.ts';
export { sinkHost } from '../support/sink-host.ts';
export { shopTypes } from '../support/changes.ts';
export { type SinkAdapter, sinkContract } from './sink.ts';
export { transformContract, type TransformContractCase } from './transform.ts';
