/** The registry of sinks. To add one: a file or folder here that exports a SinkComponent, and a line below. */
import type { SinkComponent } from '../pipeline/sink-component.ts';
import { file } from './file.ts';
import { memory } from './memory.ts';
import { atlas, local, purview } from './purview/config.ts';
import { atlasHook } from './purview/hook-config.ts';

/** Every kind of sink by the name that the configuration calls it (`sink.kind`). */
export const sinks = {
  atlas,
  'atlas-hook': atlasHook,
  file,
  local,
  memory,
  purview,
} as const satisfies Record<string, SinkComponent>;
