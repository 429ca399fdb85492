import { createMemoryState } from '../../state/memory.ts';
import { stateContract } from '../contracts/state.ts';

stateContract('memory', { open: async () => createMemoryState(), cleanUp: async () => undefined });
