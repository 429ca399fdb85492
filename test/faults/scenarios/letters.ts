import { Stages } from '../chaos.ts';
import { type Scenario, within } from '../scenario.ts';
import { World } from '../world.ts';

/** The log is full when dead letters are to be written. */
export const noRoomForLetters: Scenario = {
  number: 22,
  title: 'no room for dead letters: offsets do not move, and everything goes on when there is room',
  run: (context) =>
    within(World.open(context, { schemas: 2, sources: 2 }), async (world) => {
      await world.startCatalogue();
      await world.produce(world.events.containers());
      await world.settle();
      const poison = Array.from({ length: 10 }, () => world.events.poison());
      await world.produce([...poison, ...world.events.tables(3000)]);
      await world.limit(1_000_000); // less than there is: nothing more can be appended
      const transform = world.beginStage('transform', 'transform');
      await transform.says('TRANSPORT_FULL');
      const letters = await world.must('dead-letters', 'list', '--json');
      const early = letters.stdout.trim() === '' ? [] : ['there are dead letters, though there is no room'];
      await transform.kill();
      await world.limit(undefined);
      await world.settle();
      return [...early, ...(await world.judge())];
    }),
};

/** Processes die between a dead letter and the commit of its event. */
export const killedAtLetters: Scenario = {
  number: 23,
  title: 'kill -9 while dead letters are written: one for each poison event, none twice, none missing',
  run: (context) => {
    const kills = context.quick ? 3 : 15;
    return within(World.open(context, { schemas: 2, sources: kills + 1 }), async (world) => {
      await world.startCatalogue();
      await world.produce(world.events.containers());
      await world.settle();
      const stages = new Stages(world);
      await stages.ready();
      for (let kill = 0; kill < kills; kill += 1) {
        const poison = Array.from({ length: 40 }, (_, n) =>
          n % 2 === 0 ? world.events.poison() : world.events.refused(),
        );
        const producing = world.produce([...poison, ...world.events.tables(20)]);
        await stages.replaceOne((victim) => victim.kill());
        await producing;
      }
      await world.settle();
      await stages.drain();
      const { stdout } = await world.must('dead-letters', 'list', '--json');
      const letters = stdout.trim().split('\n').length;
      const expected = world.issued.poison.size;
      const twice = letters === expected ? [] : [`${letters} dead letters for ${expected} poison events`];
      return [...twice, ...(await world.judge())];
    });
  },
};

/** A dead letter is redriven after its object was said anew. */
export const lateRedrive: Scenario = {
  number: 24,
  title: 'a dead letter that is redriven when there is newer: nothing changes, and it is settled',
  run: (context) =>
    within(World.open(context, { schemas: 2, sources: 2 }), async (world) => {
      await world.startCatalogue();
      await world.produce([...world.events.containers(), ...world.events.tables(20)]);
      await world.settle();
      const count = context.quick ? 3 : 30;
      const name = await world.source(Array.from({ length: count }, () => world.events.refused()));
      await world.must('produce', name, '--only', '--once');
      await world.settle();
      const poisoned = [...world.issued.poison.keys()];
      const mended = poisoned.map((job, n) => world.events.mended(job, n % 20, (n + 1) % 20));
      await world.produceAnew(name, mended);
      await world.settle();
      await world.must('dead-letters', 'redrive', '--all');
      await world.settle();
      return world.judge();
    }),
};
