import { onEventHubs, onKafka, type Scenario } from './scenario.ts';
import { brokerRestarts } from './scenarios/broker.ts';
import {
  allPoison,
  ambiguous,
  brokenAnswers,
  missingReferents,
  missingRight,
  missingType,
  onePoison,
  storm,
  throttled,
} from './scenarios/catalogue.ts';
import { bitFlips, tornFile } from './scenarios/damage.ts';
import { diskFull } from './scenarios/disk.ts';
import { drainInMidBatch } from './scenarios/drain.ts';
import { killInMidBatch } from './scenarios/kill.ts';
import { killedAtLetters, lateRedrive, noRoomForLetters } from './scenarios/letters.ts';
import { wrongOffsets } from './scenarios/offsets.ts';
import { ownerDies } from './scenarios/owner.ts';
import { rebalanceInMidBatch, zombieWakes } from './scenarios/rebalance.ts';
import { blackHole } from './scenarios/network.ts';
import { rollingScale } from './scenarios/scale.ts';
import { limitHalves } from './scenarios/limit.ts';
import { incompleteScan, twoSpeakers } from './scenarios/sources.ts';
import { disorder, evolution, undecodable } from './scenarios/events.ts';
import { wrongClocks } from './scenarios/clocks.ts';
import { blockedLoop } from './scenarios/blocked.ts';
import { oversized } from './scenarios/large.ts';
import { hotKey } from './scenarios/hot.ts';
import { replayWhileLive } from './scenarios/replay.ts';
import { lettersRefused, lostOffsets, partitionsAdded, topicMadeAnew } from './scenarios/topics.ts';

/** What breaks a pipeline whose topics are in a service. */
const onServices: readonly Scenario[] = [
  rebalanceInMidBatch,
  rollingScale,
  zombieWakes,
  blackHole,
  killInMidBatch,
  drainInMidBatch,
  evolution,
  undecodable,
  oversized,
  disorder,
  replayWhileLive,
  twoSpeakers,
  killedAtLetters,
  lateRedrive,
];

/** Every scenario, once for each place where it runs. */
export const scenarios: readonly Scenario[] = [
  ownerDies,
  rebalanceInMidBatch,
  rollingScale,
  zombieWakes,
  killInMidBatch,
  drainInMidBatch,
  throttled,
  storm,
  ambiguous,
  brokenAnswers,
  onePoison,
  allPoison,
  missingReferents,
  missingType,
  limitHalves,
  evolution,
  undecodable,
  oversized,
  disorder,
  wrongClocks,
  replayWhileLive,
  twoSpeakers,
  missingRight,
  noRoomForLetters,
  killedAtLetters,
  lateRedrive,
  diskFull,
  tornFile,
  bitFlips,
  wrongOffsets,
  incompleteScan,
  blockedLoop,
  hotKey,
  brokerRestarts,
  lettersRefused,
  lostOffsets,
  topicMadeAnew,
  partitionsAdded,
  ...[...onServices, wrongClocks, incompleteScan, blockedLoop, hotKey].map(onKafka),
  ...onServices.map(onEventHubs),
];
