# frozen_string_literal: true

require 'json'
require 'time'

# JSON lines in a file for each day, `access-2026-11-26.json`; those of the last days are kept.
class AccessLog
  KEPT_DAYS = 3

  # boot tells processes of an instance from each other, since each of them counts from 1.
  def initialize(folder, instance, boot)
    @folder = folder
    @instance = instance
    @boot = boot
    @count = 0
    @lock = Mutex.new
  end

  # Gives the event's id. The line is on the disk by then.
  def write(fields)
    @lock.synchronize do
      now = Time.now.utc
      file = file_of(now.strftime('%F'))
      @count += 1
      id = "#{@instance}-#{@boot}-#{@count}"
      event = { '@timestamp': now.iso8601(3), id: id, instance: @instance, boot: @boot, number: @count, **fields }
      # One write for each line, so that no reader sees half of one followed by another.
      file.syswrite("#{JSON.generate(event)}\n")
      file.fdatasync
      id
    end
  end

  def written
    @lock.synchronize { { instance: @instance, boot: @boot, count: @count } }
  end

  private

  def file_of(day)
    return @file if @day == day

    @file&.close
    @file = File.open(File.join(@folder, "access-#{day}.json"), File::WRONLY | File::APPEND | File::CREAT, 0o644)
    @day = day
    Dir.glob(File.join(@folder, 'access-*.json')).sort[0...-KEPT_DAYS]&.each { |old| File.delete(old) }
    @file
  end
end
