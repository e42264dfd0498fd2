import Sequencer from '@jest/test-sequencer'

/** Those that start the whole product take longest and mostly wait: they begin first, so that none is left alone at the end. */
const order = ['e2e', 'int', 'unit']

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const place = (test) => order.indexOf(test.context.config.displayName?.name)
    return super.sort(tests).toSorted((a, b) => place(a) - place(b))
  }
}
