# frozen_string_literal: true

# Visits the application as people would, and keeps of each answer the event that was promised by it, in answered.log.
require 'net/http'
require 'uri'

VISITORS = Integer(ENV.fetch('VISITORS', '2'))
PATHS = ['/', '/', '/', '/missing', '/error'].freeze

target = URI(ENV.fetch('TARGET'))
answered = File.open(File.join(ENV.fetch('LOG_FOLDER'), 'answered.log'), 'a')
answered.sync = true
lock = Mutex.new
counts = Hash.new(0)

def visit(target, path)
  Net::HTTP.start(target.host, target.port, open_timeout: 5, read_timeout: 20) { |http| http.get(target.path + path) }
rescue SystemCallError, Timeout::Error, IOError, Net::ProtocolError => e
  e
end

visitors = Array.new(VISITORS) do
  Thread.new do
    loop do
      answer = visit(target, PATHS.sample)
      event = answer['x-event'] if answer.is_a?(Net::HTTPResponse)
      lock.synchronize do
        counts[event ? :answered : :failed] += 1
        answered.puts(event) if event
      end
      sleep(rand)
    end
  end
end
visitors << Thread.new do
  loop do
    sleep(30)
    $stdout.puts(lock.synchronize { "answered #{counts[:answered]}, failed #{counts[:failed]}" })
    $stdout.flush
  end
end
trap('TERM') { exit }
visitors.each(&:join)
