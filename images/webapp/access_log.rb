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
      number = @count + 1
      id = "#{@instance}-#{@boot}-#{number}"
      event = { '@timestamp': now.iso8601(3), id: id, instance: @instance, boot: @boot, number: number, **fields }
      append(file_of(now.strftime('%F')), "#{JSON.generate(event)}\n")
      @count = number
      id
    end
  end

  # Raises what the next line would: that the disk is full, or can't be written.
  def probe
    File.write(File.join(@folder, '.probe'), 'x' * 4096)
  end

  def written
    @lock.synchronize { { instance: @instance, boot: @boot, count: @count } }
  end

  private

  # One write for each line, so that no reader sees half of one followed by another. A full disk takes part of it: that
  # part is taken back, or the next line would follow upon it.
  def append(file, line)
    size = file.size
    raise Errno::ENOSPC if file.syswrite(line) < line.bytesize

    file.fdatasync
  rescue SystemCallError
    file.truncate(size)
    raise
  end

  def file_of(day)
    return @file if @day == day

    @file&.close
    @file = File.open(File.join(@folder, "access-#{day}.json"), File::WRONLY | File::APPEND | File::CREAT, 0o644)
    @day = day
    Dir.glob(File.join(@folder, 'access-*.json')).sort[0...-KEPT_DAYS]&.each { |old| File.delete(old) }
    @file
  end
end
