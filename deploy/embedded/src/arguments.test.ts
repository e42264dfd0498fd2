import { StartError } from '@voltrail/runtime/start-error'
import { parseArguments } from './arguments.ts'

const errorOf = (...args: string[]): StartError => {
  try {
    parseArguments(args)
  } catch (error) {
    if (error instanceof StartError) return error
    throw error
  }
  throw new Error('there was no error')
}

it('listens on this machine only and keeps its data in .voltrail unless told', () => {
  expect(parseArguments([])).toEqual({
    demo: false,
    host: '127.0.0.1',
    apiPort: 8080,
    ocppPort: 9000,
    filesPort: 8081,
    ftpPort: 2121,
    sftpPort: 2022,
    dataDir: '.voltrail',
  })
})

it('takes every option', () => {
  const args = [
    '--demo',
    '--host',
    '0.0.0.0',
    '--api-port',
    '81',
    '--ocpp-port=0',
    '--files-port',
    '82',
    '--ftp-port',
    '0',
    '--sftp-port',
    '84',
    '--data-dir',
    '/srv/voltrail',
  ]
  expect(parseArguments(args)).toEqual({
    demo: true,
    host: '0.0.0.0',
    apiPort: 81,
    ocppPort: 0,
    filesPort: 82,
    ftpPort: 0,
    sftpPort: 84,
    dataDir: '/srv/voltrail',
  })
})

it('tells a request for help from a start', () => {
  expect(parseArguments(['--help', '--demo'])).toBe('help')
})

it.each([
  [['--api-port', '70000'], '--api-port must be a port from 0 to 65535, not "70000"'],
  [['--ocpp-port', 'high'], '--ocpp-port must be a port from 0 to 65535, not "high"'],
  [['--api-port', '9000'], '--api-port and --ocpp-port are both 9000'],
  [['--sftp-port', '8081'], '--files-port and --sftp-port are both 8081'],
  [['--ftp-port', '2010'], '--sftp-port 2022 is among the data ports of --ftp-port 2010, 2019 to 2028'],
  [['--ftp-port', '65530'], '--ftp-port 65530 leaves no room for the data ports 65539 to 65548'],
  [['--data-dir', ' '], '--data-dir is empty'],
  [['--port', '1'], "Unknown option '--port'"],
  [['--host'], "Option '--host <value>' argument missing"],
  [['demo'], "Unexpected argument 'demo'"],
])('names what is wrong with %j', (args, problem) => {
  const error = errorOf(...args)
  expect(error.message).toBe(problem)
  expect(error.remedy).not.toBe('')
})
