import Sequencer from '@jest/test-sequencer'

/** Those of the whole product take longest: they begin first, so that none is left alone at the end. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const isLong = ({ path }) => path.includes('/test-e2e/')
    const place = (test) => (isLong(test) ? 0 : test.context.config.displayName?.name === 'int' ? 1 : 2)
    return super.sort(tests).toSorted((a, b) => place(a) - place(b))
  }
}
