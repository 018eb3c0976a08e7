# frozen_string_literal: true

# A web application with an access log that nothing gets lost of: an answer is given once its line is on the disk.
# A forwarder on the same machine follows the file (docs/elk.md).
require 'json'
require 'securerandom'
require 'sinatra/base'
require_relative 'access_log'

class App < Sinatra::Base
  set :environment, :production
  set :log, AccessLog.new(ENV.fetch('LOG_FOLDER'), ENV.fetch('INSTANCE'), SecureRandom.hex(4))
  disable :protection, :static

  before { @began = Process.clock_gettime(Process::CLOCK_MONOTONIC) }

  get '/' do
    answer "Hello from instance #{ENV.fetch('INSTANCE')} on #{ENV.fetch('MACHINE', 'this machine')}, version #{ENV.fetch('VERSION', '1')}\n"
  end

  get '/error' do
    status 500
    answer "an error, as asked for\n"
  end

  # Asked every few seconds, so it is not logged. Who can't keep a promise gets no visitors.
  get '/health' do
    settings.log.probe
    "ok\n"
  rescue SystemCallError => e
    halt 503, "#{e.message}\n"
  end

  # How many events there are of this process, which numbers them from 1.
  get '/sent' do
    content_type :json
    JSON.generate(settings.log.written)
  end

  not_found { answer "there is nothing at #{request.path}\n" }

  private

  # X-Event is by which an event is found in Elasticsearch.
  def answer(text)
    content_type :text
    milliseconds = ((Process.clock_gettime(Process::CLOCK_MONOTONIC) - @began) * 1000).round(1)
    headers 'X-Event' => settings.log.write(
      method: request.request_method, path: request.path, status: response.status, duration_ms: milliseconds
    )
    text
  end
end
