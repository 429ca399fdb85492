import { createMemoryState } from '../../platform/memory-state.ts';
import { stateContract } from '../contracts/state.ts';

stateContract('memory', { open: async () => createMemoryState(), cleanUp: async () => undefined });
