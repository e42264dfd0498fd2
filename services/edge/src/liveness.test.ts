import { createLiveness } from './liveness.ts'

const life = () => createLiveness({ pingMs: 45, heartbeatMs: 300, now: 0 })

describe('liveness', () => {
  it('pings at each interval, whatever else is heard', () => {
    const it = life()
    expect([it.step(44), it.step(45), it.step(46), it.step(90)]).toEqual(['nothing', 'ping', 'nothing', 'ping'])
    it.heard(100, 'frame')
    expect(it.step(135)).toBe('ping')
  })

  it('gives up a charger that answered pings and then missed three', () => {
    const it = life()
    it.heard(10, 'pong')
    expect(it.step(144)).not.toBe('dead')
    expect(it.step(145)).toBe('dead')
  })

  it('keeps one that never answers pings for three heartbeats', () => {
    const it = life()
    expect(it.step(899)).not.toBe('dead')
    expect(it.step(900)).toBe('dead')
  })

  it('takes any frame for life', () => {
    const it = life()
    it.heard(10, 'pong')
    it.heard(144, 'frame')
    expect(it.step(200)).not.toBe('dead')
    it.heard(270, 'ping')
    expect(it.step(400)).not.toBe('dead')
  })

  it('follows the heartbeat interval that the boot answer gave', () => {
    const it = life()
    it.heartbeatEvery(10)
    expect(it.step(135)).toBe('dead')
  })
})
