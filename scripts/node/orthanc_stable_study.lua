-- For Orthanc ("LuaScripts" in its configuration): sends every study that has been quiet for StableAge seconds to the
-- node that Orthanc knows as the modality "lumbargrade", and never the node's own results.
function OnStableStudy(studyId, tags, metadata)
  for _, seriesId in pairs(ParseJson(RestApiGet('/studies/' .. studyId))['Series']) do
    local series = ParseJson(RestApiGet('/series/' .. seriesId))
    if series['MainDicomTags']['Modality'] == 'MR' then
      RestApiPost('/modalities/lumbargrade/store', seriesId)
    end
  end
end
